"""A certificate authority that lives as long as this process, and certificates of it for the names of the SIP host."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from signaling import client_context

NAME = "sip.voice.x.ai"


class Authority:
    """Signs certificates. Its own, which callers must trust, is in ``file``. Raises ImportError without trustme."""

    def __init__(self, file: Path) -> None:
        import trustme

        self._authority: Any = trustme.CA(organization_name="xtel sandbox")
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        self._authority.cert_pem.write_to_path(str(file))
        self.client = client_context(str(file))

    def server(self, names: Callable[[], Collection[str]]) -> ssl.SSLContext:
        """TLS 1.2 or newer as xAI's host; a caller that asks for another of these names gets its certificate."""
        context = self._context(NAME)

        def named(connection: ssl.SSLObject, asked: str | None, original: ssl.SSLContext) -> None:
            if asked and asked.lower() in names():
                connection.context = self._context(asked.lower())

        context.sni_callback = named
        return context

    def _context(self, name: str) -> ssl.SSLContext:
        if name not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._authority.issue_cert(name).configure_cert(context)
            self._contexts[name] = context
        return self._contexts[name]
