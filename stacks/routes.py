"""The routes of the carriers that come with this package, for programs in Python: ``Number(…, route=Twilio(transfer=True))``.

A carrier of another package has its own; any of them also takes a mapping, as the stack file says it:
``route={"carrier": "acme", …}``.
"""

from __future__ import annotations

from providers.plivo import Route as Plivo
from providers.sip import Route as Sip
from providers.telnyx import Route as Telnyx
from providers.twilio import Route as Twilio

__all__ = ["Plivo", "Sip", "Telnyx", "Twilio"]
