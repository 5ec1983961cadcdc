"""Whether a certificate is made out to a SIP domain (RFC 5922 §7), and TLS contexts that leave this question to it."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from typing import Any

from signaling import uri as uris
from signaling.errors import NameMismatch, ParseError


def client_context(ca_file: str | None = None) -> ssl.SSLContext:
    """TLS 1.2 or newer towards a server whose chain must lead to a CA of this file (else of the system)."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The module ssl knows DNS names alone; ``check`` below knows SIP URIs too.
    context.check_hostname = False
    return context


def server_context(certificate_file: str, key_file: str | None = None) -> ssl.SSLContext:
    """TLS 1.2 or newer with this certificate chain; a client needs none of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate_file, key_file)
    return context


def identities(certificate: Mapping[str, Any]) -> list[str]:
    """The SIP domains of a certificate as ``SSLSocket.getpeercert()`` gives it, in lower case (RFC 5922 §7.1).

    SIP URIs without a user decide; DNS names only where there is no SIP URI; the common name only where there is no
    alternative name at all.
    """
    alternatives: list[tuple[str, str]] = list(certificate.get("subjectAltName", ()))
    sip = [domain for kind, value in alternatives if kind == "URI" for domain in _sip_domain(value)]
    if any(kind == "URI" and value.lower().startswith("sip:") for kind, value in alternatives):
        return sip
    dns = [value.lower() for kind, value in alternatives if kind == "DNS"]
    if alternatives:
        return dns
    subject: list[tuple[tuple[str, str], ...]] = list(certificate.get("subject", ()))
    return [value.lower() for parts in subject for name, value in parts if name == "commonName"]


def _sip_domain(value: str) -> list[str]:
    try:
        uri = uris.parse(value)
    except ParseError:
        return []
    return [uri.host.lower()] if isinstance(uri, uris.SipUri) and uri.scheme == "sip" and uri.user is None else []


def check(certificate: Mapping[str, Any], domain: str) -> None:
    """Raises NameMismatch when the certificate is not made out to this domain (or address).

    Names match whole, without regard to case; a wildcard matches nothing (RFC 5922 §7.2).
    """
    wanted = domain.lower().rstrip(".")
    try:
        address = ipaddress.ip_address(wanted.strip("[]"))
    except ValueError:
        address = None
    if address is not None:
        named = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "IP Address"]
        found = str(address) in named
    else:
        named = identities(certificate)
        found = wanted in named
    if not found:
        listed = ", ".join(named[:3]) or "nobody"
        raise NameMismatch(f"the certificate is made out to {listed}, not to {domain} (RFC 5922)")
