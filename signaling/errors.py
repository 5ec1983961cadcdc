"""What can go wrong, in one tree, so that a caller can tell a wrong name from a closed port from a refused call.

::

    SignalingError
    ├── ParseError          bytes that are no SIP, SDP, RTP or PROXY header; ``status`` is the answer that RFC 3261 names
    │   └── FramingError    a stream in which nobody can tell any more where a message ends
    ├── ResolveFailed       no address for a name
    ├── ConnectFailed       no TCP connection
    │   └── TlsFailed       no TLS session
    │       └── NameMismatch  a certificate that is valid, for somebody else (RFC 5922)
    ├── ConnectionLost      a connection that ended while an answer was due
    ├── NotAcceptable       an offer or answer without common ground; ``status`` 488
    ├── CallRefused         a final answer that is no success; ``status`` and ``reason``
    ├── CallEnded           the call was over already
    └── LibraryMissing      the extra ``xai-telephony[calls]`` is not installed
"""

from __future__ import annotations


class SignalingError(Exception):
    """Everything that this library raises on purpose."""


class ParseError(SignalingError, ValueError):
    """What was read is malformed; ``status`` is what a user agent server answers (400, 505, 416)."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class FramingError(ParseError):
    """The end of a message cannot be told: the connection is of no use any more. ``head`` is what was read of it."""

    def __init__(self, reason: str, head: bytes = b"", status: int = 400) -> None:
        super().__init__(reason, status)
        self.head = head


class ResolveFailed(SignalingError):
    """A host has no address (RFC 3263)."""


class ConnectFailed(SignalingError):
    """The peer takes no TCP connection."""


class TlsFailed(ConnectFailed):
    """The TLS handshake failed: protocol version, certificate chain, or a port that speaks something else."""


class NameMismatch(TlsFailed):
    """The certificate is not made out to the domain that was asked for (RFC 5922 §7)."""


class ConnectionLost(SignalingError):
    """The connection ended before the answer came."""


class NotAcceptable(SignalingError):
    """Two descriptions of a session have nothing in common (RFC 3264); answered by 488."""

    def __init__(self, reason: str, status: int = 488) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class CallRefused(SignalingError):
    """A request was answered by a failure. ``status`` is 408 where no answer came in time."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class CallEnded(SignalingError):
    """The call is over: hung up, cancelled, or lost."""


class LibraryMissing(SignalingError):
    """A library of the extra ``calls`` is not installed."""

    def __init__(self, library: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {library}; next: pip install 'xai-telephony[calls]'")
