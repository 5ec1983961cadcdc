"""The checks up to the SIP URI: number, attachment, trunk."""

from __future__ import annotations

from providers.kernel.call_handling import Stop
from stacks.callpath import Decided
from xtel.proof.trace.subject import Answer, Check, Subject, bad, ok, unknown


def _owned(subject: Subject) -> Answer | None:
    if subject.provisioned:
        return _at_xai(subject)
    if subject.by_hand:
        return unknown("a person connects it: files are all that is known", "call", subject.by_hand)
    if subject.source == "live":
        return _held(subject)
    if subject.source == "state" and subject.taker and subject.taker.resource.id:
        return ok(f"{subject.vendor} held it at the last apply", subject.taker)
    return unknown("whether the account owns it is not asked", "live")


def _at_xai(subject: Subject) -> Answer:
    if subject.source in {"state", "live"}:
        return ok("a number of xAI's own", subject.home or "")
    return unknown("whether xAI has it is not asked", "live", subject.home or "")


def _held(subject: Subject) -> Answer:
    found = subject.ownership
    if found.unruled:
        return ok(f"{found.unruled} owns no numbers: it sends on what is dialled there")
    if found.owner:
        return ok(f"the account at {found.owner} owns it", subject.taker or "")
    if found.unasked:
        gaps = "; ".join(f"{name}: {why}" for name, why in found.unasked.items())
        return unknown(f"no account that was asked owns it; not asked: {gaps}", "live")
    return bad("no account in reach owns it")


def _halted(subject: Subject) -> Answer | None:
    return _stop(subject, "number")


def _stop(subject: Subject, hop: str) -> Answer | None:
    found: list[tuple[Decided, Stop]] = [
        (each, stop) for each in (*subject.path.takers, *subject.path.passed) for stop in each.does.stops
    ]
    return next((bad(stop.why, each, stop.fix) for each, stop in found if stop.hop == hop), None)


def _attached(subject: Subject) -> Answer | None:
    if subject.provisioned:
        return None
    if subject.by_hand:
        return unknown("a person sets it up: only a call shows it", "call", subject.by_hand)
    return _leads_on(subject, subject.taker) if subject.taker else _unattached(subject)


def _leads_on(subject: Subject, taker: Decided) -> Answer:
    if not taker.does.tries and not taker.does.destinations:
        return bad("it sends the number's calls nowhere", taker)
    lost = next((hop for hop in subject.path.hops if hop.name == "attachment" and hop.ends), None)
    if lost and not taker.does.stops:
        return bad(lost.says or "it sends the number's calls nowhere", taker)
    if subject.source == "live" and (stray := _stray(subject, taker)):
        return bad(f"its calls go to {stray}, which sends nothing to xAI", taker)
    return ok(f"its calls go to {subject.asked_url or 'the carrier objects of this number'}", taker)


def _stray(subject: Subject, taker: Decided) -> str:
    """What gets the calls and is no object that could send them on; empty where all is well."""
    gone = [text for text in taker.does.tries if text not in subject.ids and not text.startswith(("http:", "https:"))]
    return gone[0] if gone and not taker.does.stops and not subject.path.ways else ""


def _unattached(subject: Subject) -> Answer | None:
    if subject.ownership.unruled:
        return bad(f"{subject.ownership.unruled} does not send its calls on: {subject.ownership.reason}")
    if subject.source == "live" and not subject.ownership.owner:
        return None
    if subject.path.ends_at and subject.path.ends_at.name == "attachment":
        return bad("nothing takes its calls")
    if subject.source == "live" or subject.path.vendors:
        return bad("nothing takes its calls")
    return unknown("no carrier is declared: somebody else's objects bring its calls", "call")


def _diverted(subject: Subject) -> Answer | None:
    return _stop(subject, "attachment")


def _on(subject: Subject) -> Answer | None:
    if found := next((hop for hop in subject.path.hops if hop.name == "trunk" and hop.ends), None):
        by = next((each for each in subject.path.passed if each.resource.name == found.resource), found.resource)
        return bad(found.says or found.state, by)
    if not subject.by_hand and (by_hand := subject.passed_by_hand):
        return unknown("a person sets it up with files: only a call shows that it is done", "call", by_hand)
    passed = [each for each in subject.path.passed if each.does.enabled is not None]
    return ok("it is switched on", passed[0]) if passed else None


def _limited(subject: Subject) -> Answer | None:
    return _stop(subject, "trunk")


def _leads(subject: Subject) -> Answer | None:
    """A trunk with a SIP URI; without one a call has nowhere to go."""
    path = subject.path
    if subject.provisioned or not path.takers:
        return None
    usable = [way for way in path.ways if way.target]
    if usable:
        return ok(usable[0].uri, usable[0].by)
    if path.ways:
        return bad(f"{path.ways[0].uri} is no SIP URI", path.ways[0].by)
    held = not _goes(subject) or bool(_stop(subject, "number") or _stop(subject, "attachment"))
    if held or subject.asked_url or any(hop.name == "trunk" and hop.ends for hop in path.hops):
        return None
    by = path.passed[-1] if path.passed else path.takers[0]
    return bad("no SIP URI is there and switched on: a call has nowhere to go", by)


def _goes(subject: Subject) -> bool:
    attached = _attached(subject)
    return attached is not None and attached.verdict != "fail"


def _asked(subject: Subject) -> Answer | None:
    if not (url := subject.asked_url):
        return None
    document = next((each for each in subject.path.passed if each.does.known_as), None)
    what = "whether it answers with this document" if document else "what it answers"
    return unknown(f"the carrier asks {url}: {what} only a call shows", "call", document or subject.taker or "")


CHECKS = (
    Check(
        "T001", "number", "Does an account in reach own the number?",
        "Live: the carriers are asked; one that owns no numbers (a PBX) need not. State: the number was attached at the last "
        "apply. A file cannot say.",
        "buy or port the number at its carrier, or correct it", "Vendors' number APIs", "2026-11-21", _owned,
    ),
    Check(
        "T002", "number", "Does the number take calls at all?",
        "Its status, its capabilities and its call screening.",
        "see the carrier's console for what the number waits for",
        "Telnyx, number status and voice settings; response codes D18, D19", "2026-11-21", _halted,
    ),
    Check(
        "T011", "attachment", "Does something take the number's calls, and lead on?",
        "The attachment is there, and what it names is an object that sends calls to SIP URIs.",
        "xtel apply STACK attaches it; or attach it at the carrier",
        "Twilio IncomingPhoneNumbers, Telnyx phone_numbers, Plivo Number; Telnyx D21, Plivo 4020", "2026-11-21",
        _attached,
    ),
    Check(
        "T012", "attachment", "Does a setting of the number take its calls elsewhere?",
        "Fax mode, call forwarding, a tech prefix.",
        "switch the setting off", "Twilio VoiceReceiveMode; Telnyx voice settings", "2026-11-21", _diverted,
    ),
    Check(
        "T013", "attachment", "Does a URL decide where the call goes?",
        "A number or an application that asks a URL for TwiML.",
        "xtel render STACK writes the document that it must answer", "Twilio, TwiML <Dial>", "2026-11-21", _asked,
    ),
    Check(
        "T021", "trunk", "Are the objects between number and SIP URI there, and switched on?",
        "Each object on the way says whether it takes calls.",
        "switch it on, or xtel apply STACK makes it again",
        "Telnyx response codes D18, D19; Plivo trunk_status", "2026-11-21", _on,
    ),
    Check(
        "T022", "trunk", "Has it a usable SIP URI?",
        "At least one URI that is chosen, switched on and can be read.",
        "xtel apply STACK makes it; or add the URI at the carrier",
        "Twilio error 32010; Telnyx default_primary_fqdn_id", "2026-11-21", _leads,
    ),
    Check(
        "T023", "trunk", "Does a limit let no call through?",
        "A channel limit of 0.", "raise the limit", "Telnyx inbound.channel_limit", "2026-11-21", _limited,
    ),
)  # fmt: skip
