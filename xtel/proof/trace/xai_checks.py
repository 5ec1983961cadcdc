"""The checks at xAI: registration, authentication, media, webhook, session, agent."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from providers.kernel import ranges, registry
from stacks.agent import ID_PREFIX
from xtel.proof.trace.model import Teller
from xtel.proof.trace.subject import Answer, Check, Subject, bad, ok, unknown

#: What was seen to work on the SIP leg, and xAI's page names for Telnyx.
_CODECS = ("PCMU", "PCMA", "G722")


def _registered(subject: Subject) -> Answer | None:
    home = subject.home
    if home is None:
        told = {"live": "this team has not registered it", "state": "the state holds no registration of it"}
        return bad(told.get(subject.source, "nothing registers it"))
    told = {"live": "registered", "state": "registered at the last apply", "plan": "registered once it is applied"}
    return ok(told.get(subject.source, "it will be registered"), home)


def _called(subject: Subject) -> Answer | None:
    """The user part of the request URI is the routing key, and has to be the number as it is registered."""
    way, home = subject.way, subject.registration.registers
    if way is None or way.target is None or not home.startswith("+"):
        return None
    called = way.target.number
    if called in {home, ""}:
        return ok(f"it calls {called or home}", way.by)
    why = f"it calls {called}, registered is {home}"
    if called == home.lstrip("+"):
        return bad(
            f"{why}: the + is missing", _writer(subject), "at Telnyx set dnis_number_format to +e164; else add the +"
        )
    return bad(why, _writer(subject))


def _writer(subject: Subject) -> Any:
    """What wrote the user part: the object that rewrites numbers, else the one that holds the URI."""
    assert subject.way
    return next((each for each in subject.path.passed if each.does.dialled not in {"", "+e164"}), subject.way.by)


def _admitted(subject: Subject) -> Answer | None:
    home = subject.home
    if home is None or subject.registration.auth != "allowlist" or subject.way is None:
        return None
    allow = tuple(_allowed(subject))
    if not allow:
        return unknown("which addresses are let in is not known", "state", home)
    if not (names := _sources(subject)):
        return unknown("nobody published where its calls come from", "call", home)
    sent = tuple(cidr for name in names for cidr in ranges.newest(name).cidrs)
    out = _outside(sent, allow)
    if not out:
        return ok(f"lets in {', '.join(names)}", home)
    told = f"{', '.join(out[:3])}{' …' if len(out) > 3 else ''}"
    some = "" if len(out) == len(sent) else f" ({len(out)} of {len(sent)} networks: refused now and then)"
    return bad(f"calls of {', '.join(names)} come from {told}, which is not let in{some}", home)


def _allowed(subject: Subject) -> Iterable[str]:
    """The networks of the registration; a file that was not applied has names alone."""
    if networks := subject.registration.allow:
        return networks
    auth: Mapping[str, Any] = (subject.home.resource.inputs.get("sip_auth") if subject.home else None) or {}
    try:
        return _resolved(tuple(map(str, auth.get("allow") or ())))
    except ValueError:  # a table of a carrier that is not installed here
        return ()


@lru_cache(maxsize=256)
def _resolved(names: tuple[str, ...]) -> tuple[str, ...]:
    return ranges.resolve(names) if names else ()


def _sources(subject: Subject) -> tuple[str, ...]:
    """The names of the ranges that the carrier's calls come from; empty where nobody published any."""
    said = [each.does.sources for each in subject.path.passed if each.does.sources is not None]
    names = tuple(dict.fromkeys(name for each in said for name in each)) if said else (subject.vendor,)
    known = {table.label for table in ranges.tables()}
    return names if names and all(name in known for name in names) else ()


@lru_cache(maxsize=4096)
def _outside(sent: tuple[str, ...], allow: tuple[str, ...]) -> tuple[str, ...]:
    held: list[Any] = [ipaddress.ip_network(each, strict=False) for each in allow]
    return tuple(each for each in sent if not _inside(ipaddress.ip_network(each), held))


def _inside(network: Any, held: Sequence[Any]) -> bool:
    return any(other.version == network.version and network.subnet_of(other) for other in held)


def _logs_in(subject: Subject) -> Answer | None:
    if subject.registration.auth != "digest" or subject.way is None:
        return None
    home, login, way = subject.registration.username, subject.way.to.username, subject.way
    if login is None:
        return unknown("with which login it is called is not known", "call", way.by)
    if not login:
        return bad(f"it is called without a login, and xAI asks for {home}", way.by, _no_login(subject))
    if login != home:
        return bad(f"it logs in as {login}, registered is {home}", way.by)
    return unknown(f"logs in as {home}; whether the passwords agree nobody shows", "call", way.by)


def _no_login(subject: Subject) -> str:
    carrier = registry.carriers().get(subject.vendor)
    best = carrier.auth if carrier else ""
    if best == "allowlist":
        return f"`auth: {{allow: [{subject.vendor}]}}`: what sends these calls cannot log in"
    return ""


def _open(subject: Subject) -> Answer | None:
    if subject.home is None or subject.registration.auth != "open":
        return None
    return ok("open: anyone may call it", subject.home)


def _codecs(subject: Subject) -> Answer | None:
    offering = next((each for each in subject.path.passed if each.does.codecs), None)
    if subject.provisioned or offering is None:
        return None
    offered = offering.does.codecs
    common = [codec for codec in offered if codec in _CODECS]
    if not common:
        return bad(f"offers {', '.join(offered)}; xAI speaks {', '.join(_CODECS)}", offering)
    return ok(f"both speak {', '.join(common)}", offering)


def _encrypted(subject: Subject) -> Answer | None:
    if subject.provisioned or not subject.path.ways:
        return None
    how = "SRTP" if subject.path.srtp else "plain RTP"
    by = next((each for each in subject.path.passed if each.does.srtp is not None), "")
    return unknown(f"{how} is offered: no document says whether xAI takes it and the packets arrive", "call", by)


def _resolves(subject: Subject) -> Answer | None:
    if not (url := subject.registration.webhook):
        return None
    found = subject.probed.webhooks.get(url) if subject.probed else None
    if found is None:
        teller: Teller = "call" if subject.probed else "probe"
        why = ": in a sandbox nothing stands at that address" if subject.probed else ""
        return unknown(f"{url} was not tried{why}", teller, subject.home or "")
    if found.error:
        return bad(f"{url} from this machine: {found.error}", subject.home or "")
    left = f", certificate for {found.days_left} days" if found.days_left is not None else ""
    return ok(f"{url} is there{left}", subject.home or "")


def _delivered(subject: Subject) -> Answer | None:
    if url := subject.registration.webhook:
        return unknown(f"whether {url} takes the event with 2xx only a delivery shows", "call", subject.home or "")
    if subject.hidden_webhook:
        return unknown("it has a webhook; xAI shows nobody its URL", "call", subject.home or "")
    return None


def _joined(subject: Subject) -> Answer | None:
    if not (subject.registration.webhook or subject.hidden_webhook):
        return None
    return unknown("whether the application joins in time, with a key of this team, only a call shows", "call")


def _answered(subject: Subject) -> Answer | None:
    home = subject.home
    if home is None or home.does.webhook or home.does.agent or subject.hidden_webhook:
        return None
    if subject.provisioned:
        return unknown("who answers was chosen in xAI's console", "call", home)
    return bad("neither an agent nor a webhook answers", home)


def _exists(subject: Subject) -> Answer | None:
    if not (id := subject.registration.agent):
        return None
    by = subject.home or ""
    gone = next((hop for hop in subject.path.hops if hop.name == "agent" and hop.state == "missing"), None)
    if gone:
        return bad(f"agent {id} is gone", by)
    if subject.agents is not None and id in subject.agents:
        return ok(f"agent {subject.agents[id]}", by)
    if subject.source == "live" and subject.agents is not None:
        return bad(f"this team has no agent {id}", by)
    if subject.source == "live":
        return unknown(f"xAI does not list agents here: whether {id} is there nobody can see", "call", by)
    whose = "one of xAI's console" if id.startswith(ID_PREFIX) else "not known"
    return unknown(f"agent {id} is {whose}: not asked", "live", by)


CHECKS = (
    Check(
        "T061", "registration", "Is the number registered at xAI?",
        "The list of the team's numbers, or the object in the state.",
        "xtel apply STACK registers it", "docs.x.ai, POST /v2/phone-numbers; livekit/sip#583", "2026-11-28", _registered,
    ),
    Check(
        "T062", "registration", "Is the number that is called the one that is registered?",
        "The user part of the request URI: the URI's own, else the dialled number in the carrier's format. It must be "
        "+E.164, character by character.",
        "let the URI name the host alone, or exactly the registered number",
        "livekit/sip#484, #329, #583; ElevenLabs, SIP trunking; Telnyx dnis_number_format", "2026-11-28", _called,
        per_way=True,
    ),
    Check(
        "T071", "authentication", "Does the allowlist let in every address the carrier calls from?",
        "The networks of the registration beside the carrier's published signaling ranges, of the region where it has some.",
        "name the carrier's range in `auth: {allow: […]}`; a registered number takes a new list only by --allow-replace",
        "livekit/sip#318; VapiAI/docs#1116; the tables of xtel ranges", "2026-11-28", _admitted, per_way=True,
    ),
    Check(
        "T072", "authentication", "Can what calls log in, and under the registered username?",
        "The login of the SIP URI beside the registration's. Nobody shows passwords: a call alone shows that they agree.",
        "give the URI the registered login, or use an allowlist",
        "livekit/sip#520; Plivo response code 4020", "2026-11-28", _logs_in, per_way=True,
    ),
    Check(
        "T073", "authentication", "Is the number open?",
        "Neither a digest nor an allowlist.", "`auth: {allow: […]}` closes it", "docs.x.ai, sip_auth", "2026-11-28", _open,
    ),
    Check(
        "T081", "media", "Is there a codec that both speak?",
        "The carrier's codecs beside G.711 µ-law and A-law and G.722.",
        "add G711U to the connection's codecs", "docs.x.ai, SIP, Telnyx tab", "2026-11-21", _codecs,
    ),
    Check(
        "T082", "media", "Is the media's encryption taken, and do the packets arrive?",
        "xAI's documents say nothing of SRTP; Telnyx' API text forbids SRTP together with TLS while its SDK requires TLS.",
        "xtel call shows codec and SRTP; try srtp or secure the other way", "Retell docs; Telnyx create-fqdn-connection",
        "2026-11-28", _encrypted,
    ),
    Check(
        "T091", "webhook", "Does the webhook's host resolve, with a certificate that holds?",
        "With --probe: DNS and a TLS handshake from this machine; nothing is sent.",
        "correct `webhook.url`, or renew its certificate", "docs.x.ai, webhooks", "2026-11-28", _resolves,
    ),
    Check(
        "T092", "webhook", "Does the webhook take the event?",
        "Only a delivery shows it.", "xtel call shows how it was answered; answer 2xx at once, work later",
        "OpenAI community 1371604; livekit/sip#663", "2026-11-28", _delivered,
    ),
    Check(
        "T101", "session", "Does the application join the call?",
        "Only a call shows it: joining the WebSocket is the answer.",
        "join wss://api.x.ai/v1/realtime?call_id=… at once, with an API key of the team that owns the number",
        "docs.x.ai, realtime", "2026-11-28", _joined,
    ),
    Check(
        "T111", "agent", "Is there anybody to answer?",
        "The registration names an agent or a webhook.", "give the number `agent:` or `webhook:`",
        "docs.x.ai, POST /v2/phone-numbers", "2026-11-28", _answered,
    ),
    Check(
        "T112", "agent", "Is the agent there?",
        "The stack's agents, or the team's list.", "xtel apply STACK makes it again, or name another agent",
        "docs.x.ai, /v1/agents", "2026-11-28", _exists,
    ),
)  # fmt: skip
