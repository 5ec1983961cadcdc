"""The session of a call as offers and answers change it (RFC 3264 §8): what was said last, and the stream that follows it."""

from __future__ import annotations

from dataclasses import replace

from signaling import offer
from signaling.errors import CallEnded
from signaling.media import MediaStream
from signaling.offer import Local, Offer, Session


class Negotiation:
    """Keeps local description, agreed session and media stream together."""

    def __init__(self) -> None:
        self.local: Local | None = None
        self.session: Session | None = None
        self.media: MediaStream | None = None

    def agree(self, local: Local, session: Session) -> None:
        """Offer and answer stand: the stream follows them. Raises LibraryMissing."""
        self.local, self.session = local, session
        if self.media is not None:
            self.media.start(session)

    def offer(self, direction: str = "") -> Offer:
        """An offer of the session as it is, with the same keys, as the next version of its description."""
        local = self._next(direction)
        return offer.make_offer(replace(local, codecs=(self.session.codec,)) if self.session else local)

    def answer(self, text: str) -> bytes:
        """Takes a new offer of the peer's and answers it. Raises NotAcceptable and ParseError, and changes nothing then."""
        local = self._next()
        answered, session = offer.answer(text, local)
        self.agree(local, session)
        return answered.encode()

    def _next(self, direction: str = "") -> Local:
        if self.local is None or self.session is None:
            raise CallEnded("the call has no session")
        key = self.session.encrypt
        return replace(
            self.local,
            keys=(key,) if key else (),
            encryption=self.local.encryption if key else "off",
            version=self.local.version + 1,
            direction=direction or self.local.direction,
        )
