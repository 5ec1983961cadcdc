"""The checks of a SIP URI on its way to xAI's host: dns, tls, sip."""

from __future__ import annotations

from stacks.callpath import Way
from xtel.proof.trace.seen import ProbedWay
from xtel.proof.trace.subject import Answer, Check, Subject, bad, ok, unknown

_TLS, _SIP = 5061, 5060
#: Days under which a certificate counts as about to run out.
_SOON = 14


def _host(subject: Subject) -> Answer | None:
    way = subject.way
    if way is None or way.target is None:
        return None
    if way.target.host != subject.host:
        return bad(f"it names {way.target.host}, the number is answered at {subject.host}", way.by)
    return ok(f"it names {subject.host}", way.by)


def _first(subject: Subject) -> Answer | None:
    """Another host that is tried before xAI's gets the calls as long as it answers."""
    way, first = subject.way, next(iter(subject.path.ways), None)
    if way is None or first is None or way is first or _leads_home(subject, first):
        return None
    if not _leads_home(subject, way):
        return None
    return unknown(f"{first.uri} is tried first: xAI gets what it does not answer", "call", first.by)


def _leads_home(subject: Subject, way: Way) -> bool:
    return way.target is not None and way.target.host == subject.host


def _resolves(subject: Subject) -> Answer | None:
    if subject.way is None or subject.way.target is None:
        return None
    if not (found := _probed(subject)):
        return unknown("whether the name resolves was not tried", "probe")
    if found.addresses:
        return ok(f"{found.how} {', '.join(found.addresses[:3])}")
    return bad(f"{subject.way.target.host} does not resolve here: {found.dns_error}")


def _transport(subject: Subject) -> Answer | None:
    way = subject.way
    if way is None or way.target is None:
        return None
    if way.target.transport != "tls":
        return bad(f"it is called over {way.target.transport.upper()}, xAI takes SIP over TLS", way.by)
    return ok("SIP over TLS", way.by)


def _port(subject: Subject) -> Answer | None:
    way = subject.way
    if way is None or way.target is None or way.target.transport != "tls":
        return None
    port = way.target.port or _TLS
    if port == _TLS:
        return ok("port 5061", way.by)
    if port == _SIP:
        return unknown(
            "port 5060 with TLS: xAI's page for Telnyx says 5060, RFC 3261 and `transport=tls` on the same page mean 5061",
            "probe", way.by,
        )  # fmt: skip
    return bad(f"port {port}: SIP over TLS is taken at 5061", way.by)


def _handshake(subject: Subject) -> Answer | None:
    if subject.way is None or subject.way.target is None or subject.way.target.transport != "tls":
        return None
    if not (found := _probed(subject)):
        return unknown("a TLS connection was not tried", "probe")
    if not found.addresses:
        return unknown("a TLS connection was not tried: the name does not resolve here", "probe")
    if found.tls_error:
        return bad(f"no TLS from this machine: {found.tls_error}")
    return ok(f"{found.tls_version}, made out to {subject.way.target.host}, trusted")


def _lasts(subject: Subject) -> Answer | None:
    found = _probed(subject)
    if not found or found.days_left is None or found.tls_error:
        return None
    if found.days_left < 0:
        return bad("the certificate has run out")
    if found.days_left < _SOON:
        return unknown(f"the certificate runs out in {found.days_left} days", "probe")
    return ok(f"the certificate has {found.days_left} days left")


def _options(subject: Subject) -> Answer | None:
    if subject.way is None or subject.way.target is None:
        return None
    if not (found := _probed(subject)):
        return unknown("an OPTIONS was not tried", "probe")
    if not found.addresses or found.tls_error:
        return None
    if found.options_error:
        return bad(f"no readable answer to OPTIONS: {found.options_error}")
    return ok(f"OPTIONS is answered {found.options}: the host is reachable, which says nothing of the number")


def _probed(subject: Subject) -> ProbedWay | None:
    if subject.probed is None or subject.way is None:
        return None
    return subject.probed.ways.get(subject.way.uri)


CHECKS = (
    Check(
        "T031", "dns", "Does the SIP URI name the host at which the number is answered?",
        "Its host beside the registration's `sip_host`, else sip.voice.x.ai.",
        "correct the host in the carrier's URI, or `sip_host` in the stack file",
        "docs.x.ai, SIP: sip:+E.164@sip.voice.x.ai", "2026-11-28", _host, per_way=True,
    ),
    Check(
        "T032", "dns", "Is another host tried before xAI's?",
        "The order in which the carrier tries its URIs.",
        "give xAI's URI the first place", "Twilio priority and weight; Telnyx routing; Plivo primary", "2026-11-21",
        _first, per_way=True,
    ),
    Check(
        "T033", "dns", "Does the host's name resolve?",
        "With --probe: SRV (_sips._tcp), then A and AAAA, from this machine (RFC 3263).",
        "correct the host's name; or see this machine's resolver", "RFC 3263; Twilio error 32011", "2026-11-21",
        _resolves, per_way=True,
    ),
    Check(
        "T041", "tls", "Is it called over TLS?",
        "The URI's transport, or the connection's. Without the parameter a SIP URI means UDP (RFC 3261 §19.1.1).",
        "add ;transport=tls to the URI; at Telnyx set transport_protocol to TLS",
        "signalwire/docs-legacy#277; docs.x.ai, SIP", "2026-11-28", _transport, per_way=True,
    ),
    Check(
        "T042", "tls", "Is it called at the port of SIP over TLS?",
        "5061, also where the URI names none (RFC 3261 §19.1.2). 5060 cannot be told: xAI's page for Telnyx sets an FQDN "
        "with port 5060 and `transport=tls` beside it, Telnyx' documents say 5061 for TLS.",
        "leave the port out, or set 5061; if only 5060 works, keep it and prove it by a call",
        "docs.x.ai, SIP, Telnyx tab (5060) against RFC 3261, developers.telnyx.com (5061)", "2026-11-28", _port,
        per_way=True,
    ),
    Check(
        "T043", "tls", "Does the host speak TLS 1.2 or newer, with a certificate made out to its name?",
        "With --probe: a handshake from this machine; chain by the system's CAs, name by RFC 5922.",
        "see firewall and clock of this machine; the carrier asks the same of the host",
        "Twilio errors 32011, 32222; livekit/sip#170", "2026-11-28", _handshake, per_way=True,
    ),
    Check(
        "T044", "tls", "How long does the host's certificate last?",
        "With --probe: the days left.", "ask who runs the host to renew it", "RFC 5280", "2026-11-28", _lasts,
        per_way=True,
    ),
    Check(
        "T051", "sip", "Does the host answer SIP?",
        "With --probe: an OPTIONS. It proves that the host is reachable, never that a number is there: an INVITE may be "
        "answered 404 all the same.",
        "see firewall and transport; a call shows the rest", "livekit/sip#592, #764", "2026-11-28", _options,
        per_way=True,
    ),
)  # fmt: skip
