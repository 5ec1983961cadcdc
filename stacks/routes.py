"""The routes of the carriers that come with this package, for programs in Python: ``Number(…, route=Twilio(transfer=True))``.

A carrier of another package has its own. Any of them also takes a mapping, as the stack file says it:
``route={"carrier": "acme", …}``.
"""

from __future__ import annotations

from providers.chime import Route as Chime
from providers.connect import Route as Connect
from providers.genesys import Route as Genesys
from providers.kernel.purchase import Buy
from providers.plivo import Route as Plivo
from providers.sip import Route as Sip
from providers.telnyx import Route as Telnyx
from providers.telnyx import Transfer as TelnyxTransfer
from providers.twilio import Recorded as TwilioRecording
from providers.twilio import Route as Twilio
from providers.twilio.trunk import DisasterRecovery as TwilioDisasterRecovery
from providers.vonage import Route as Vonage
from providers.webex import Route as Webex
from providers.webex.ways import Certificate as WebexCertificate
from providers.webex.ways import RouteGroup as WebexRouteGroup
from providers.webex.ways import TrunkOfGroup as WebexTrunkOfGroup
from providers.zoom import Route as Zoom

__all__ = [
    "Buy",
    "Chime",
    "Connect",
    "Genesys",
    "Plivo",
    "Sip",
    "Telnyx",
    "TelnyxTransfer",
    "Twilio",
    "TwilioDisasterRecovery",
    "TwilioRecording",
    "Vonage",
    "Webex",
    "WebexCertificate",
    "WebexRouteGroup",
    "WebexTrunkOfGroup",
    "Zoom",
]
