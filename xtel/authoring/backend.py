"""Where a new project keeps its state, and what encrypts the secrets in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from xtel.engine import backends
from xtel.project import sandbox

#: Where a made passphrase stands in a new project; git leaves it alone.
FILE = ".passphrase"
EXPORT = f'export PULUMI_CONFIG_PASSPHRASE_FILE="$PWD/{FILE}"'
KEEP = f"{FILE} encrypts the secrets in the state: keep a copy where your team keeps secrets; without it nobody can read them"


@dataclass(frozen=True)
class Keeping:
    """Where the state is to be kept and what encrypts its secrets; empty: as Pulumi is logged in, as the backend does it."""

    backend: str = ""
    provider: str = ""

    @property
    def makes_passphrase(self) -> bool:
        """Whether a passphrase is needed that nobody gave."""
        own = bool(self.backend) and not backends.is_cloud(self.backend) and not self.provider
        return own and backends.lacks_passphrase(os.environ)

    @property
    def is_hidden(self) -> bool:
        """Whether this shell names another backend, which would win over the project's."""
        return bool(self.backend) and os.environ.get("PULUMI_BACKEND_URL", self.backend) != self.backend

    def arguments(self, stack: str) -> list[str]:
        """Of the Pulumi CLI, to make and select the stack."""
        return ["stack", "select", "--create", stack, *(["--secrets-provider", self.provider] if self.provider else [])]

    def command(self, stack: str) -> str:
        """The same for people."""
        return " ".join(
            ["pulumi", *(word if sandbox.plain(word) else sandbox.quoted(word) for word in self.arguments(stack))]
        )

    def environment(self, folder: Path) -> dict[str, str]:
        """What that command needs beside the shell's own variables."""
        found = {"PULUMI_BACKEND_URL": self.backend} if self.backend else {}
        made = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(folder / FILE)} if self.makes_passphrase else {}
        return {**found, **made}


def checked_url(url: str) -> str:
    """A backend's URL. Raises ValueError for what Pulumi keeps no state in."""
    scheme, separator, rest = url.partition("://")
    if url and (scheme not in backends.SCHEMES or not separator or not rest):
        raise ValueError("is no place for a state: https://api.pulumi.com, s3://…, gs://…, azblob://… or file:///…")
    if scheme == "file" and not rest.startswith(("/", "~")):
        raise ValueError("is a folder seen from wherever Pulumi is started: write its whole path, file:///…")
    return url
