"""A plan: what an apply would change, seen per number. Typed, without a secret, and published as JSON.

The schema is ``xtel/review/plan/plan.schema.json``; a change that old readers cannot follow raises :data:`VERSION`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from xtel.review.item import Item
from xtel.review.rehearsal import Rehearsal

VERSION = 1

Op = Literal["create", "update", "replace", "delete", "same"]
Kind = Literal["unchanged", "rerouted", "changed", "gains inbound", "loses inbound", "released"]
Secret = Literal["none", "made", "kept", "renewed", "dropped"]
Level = Literal["danger", "warning", "note"]
Word = Literal["none", "safe", "needs a look", "dangerous", "blocked", "incomplete"]


class Side(Item):
    """How one number's calls go, before or after."""

    rings: bool = Field(description="A call reaches a registered number over a way that is known, or xAI's own.")
    carriers: tuple[str, ...] = Field(
        default=(), description="Carriers that take the number's calls; two are two routes."
    )
    targets: tuple[str, ...] = Field(default=(), description="SIP URIs in the order they are tried.")
    srtp: bool | None = Field(
        default=None, description="Whether the media are encrypted, where the carrier's objects say so."
    )
    equipment: tuple[str, ...] = Field(
        default=(),
        description="The customer's own equipment that calls go by; several: one of them, not known yet which.",
    )
    registered: bool = Field(default=False, description="Registered at xAI.")
    auth: Literal["", "open", "digest", "allowlist", "xai"] = Field(default="", description="Who may send calls to it.")
    username: str = Field(default="", description="Digest username.")
    allow: tuple[str, ...] = Field(default=(), description="CIDRs that may send calls.")
    webhook: str = Field(default="", description="URL that is told of a call.")
    agent: str = Field(default="", description="Hosted agent that answers.")
    protected: bool = Field(default=False, description="Pulumi refuses to delete or replace it.")


class Widened(Item):
    """What an allowlist lets in that it did not before."""

    networks: tuple[str, ...] = Field(description="CIDRs that are new, as far as nothing old covered them.")
    addresses4: int = Field(description="IPv4 addresses that are new.")
    addresses6: int = Field(description="IPv6 addresses that are new.")
    wide: bool = Field(default=False, description="All that may send calls is more than any carrier has.")
    whole: bool = Field(default=False, description="From now on any address may send calls.")


class Replacement(Item):
    """Something that cannot change in place."""

    urn: str
    because: tuple[str, ...] = Field(description="Properties that no call changes in place.")
    consent: Literal["given", "missing", "not needed"]
    loss: str = Field(description="What is lost while it is replaced.")
    order: Literal["delete first", "create first"]


class Cost(Item):
    """What a number costs or no longer costs, from a dated table."""

    carrier: str
    monthly: str = Field(description="US dollars a month, such as 0.80; with - when it falls away.")
    source: str
    read: str = Field(description="Day of the table, ISO 8601; empty for the carrier's own offer.")
    kept: bool = Field(default=False, description="The number leaves the stack and goes on costing this.")


class NumberPlan(Item):
    """One number: how it rings before and after."""

    name: str = Field(description="E.164, or the key while it has none.")
    e164: str = Field(default="", description="The number, where its name is a key and it is known.")
    key: str = Field(default="", description="Its label in the stack file.")
    line: int = Field(default=0, description="Line in the stack file; 0: not in it.")
    kind: Kind
    before: Side | None = None
    after: Side | None = None
    two_routes: bool = Field(default=False, description="After this two carriers take its calls.")
    widened: Widened | None = None
    lost: tuple[Literal["digest", "tls", "srtp", "allowlist"], ...] = Field(
        default=(), description="Protection that goes."
    )
    signing_secret: Secret = "none"  # noqa: S105 -- what happens to it
    password: Secret = "none"  # noqa: S105
    password_ref: str = Field(default="", description="Config secret that the stack file names for the digest.")
    left: str = Field(default="", description="What becomes of it when it leaves the stack and was bought.")
    returns_to: str = Field(default="", description="What the number had before it was ours, and gets back.")
    bought: str = Field(default="", description="What is bought for it, in the carrier's words and with its price.")
    replacement: Replacement | None = None
    outage: str = Field(default="", description="Whether calls fail meanwhile, as far as it is known.")
    cost: Cost | None = None


class Change(Item):
    """One property of one object; values as text, secrets masked."""

    path: str
    before: str = ""
    after: str = ""
    secret: bool = False
    #: For the rules: hosts that a tool did not go to before, and the fields of the tool whose secrets they are sent.
    hosts: tuple[str, ...] = Field(default=(), exclude=True)
    secrets: tuple[str, ...] = Field(default=(), exclude=True)


class SecretPlan(Item):
    """One secret on its way from a field of an object to a host; never its value."""

    secret: str = Field(
        description="Config secret of that name; of what has none what it is: a made password, a field."
    )
    host: str = Field(description="Who gets its value: a host, or for what a vendor keeps the vendor.")
    state: Literal["new host", "new secret", "new place", "kept"] = Field(
        description="Against before: a known secret at a host that it did not go to; a secret that was not there; another"
        " object sends it to a host that has it; nothing new."
    )
    before: tuple[str, ...] = Field(default=(), description="For a new host: where it went.")
    number: str = Field(default="", description="The number whose object it is; empty: an agent's.")
    type: str = Field(description="Vendor and kind of the object, such as xai:PhoneNumber.")
    name: str = Field(description="The object.")
    field: str = Field(description="The field that holds the secret; digest: it logs in with the number's password.")


class ObjectPlan(Item):
    """One object that changes."""

    op: Op
    urn: str
    type: str = Field(description="Vendor and kind, such as twilio:Trunk.")
    name: str
    number: str = Field(default="", description="The number it belongs to; empty: shared, or none.")
    line: int = 0
    changes: tuple[Change, ...] = ()
    replacement: Replacement | None = None
    blocked: str = Field(default="", description="Why it is refused; the way out is in it.")
    protected: bool = False
    permanent: str = Field(default="", description="What cannot be undone about it.")
    left: str = Field(default="", description="What stays at the vendor although it is deleted here.")
    answers: int = Field(default=0, description="How many numbers it answers: a hosted agent.")
    previewed: bool = Field(default=True, description="False: the preview stopped before it; state and file say so.")


class Drift(Item):
    """Something that was changed outside; an apply puts it back, or makes it again."""

    urn: str
    type: str
    name: str
    number: str = Field(default="", description="Its number; empty: shared by several, or an agent.")
    path: str = Field(description="Property; empty: the object is gone.")
    declared: str = ""
    live: str = ""


class BundlePlan(Item):
    """Files that a person applies."""

    number: str
    name: str
    op: Op
    files: tuple[str, ...]
    command: str


class Message(Item):
    """What the engine, or a look-up in the preview, said; ``number`` is empty where it is about none."""

    severity: Literal["info", "warning", "error"]
    text: str
    urn: str = ""
    number: str = ""


class Violation(Item):
    """What a policy pack found."""

    pack: str
    policy: str
    mandatory: bool
    text: str
    number: str = ""


class Plan(Item):
    """Everything an apply would change."""

    version: Literal[1] = 1
    stack: str
    source: Literal["engine", "preview file", "stack files"]
    file: str = Field(default="", description="Stack file, relative to the project.")
    compared: str = Field(default="", description="Git revision that the stack file was compared with.")
    complete: bool = Field(description="Whether everything was compared; an incomplete plan is never safe.")
    why_incomplete: str = ""
    ops: dict[str, int] = Field(description="How many objects are created, updated, replaced, deleted.")
    numbers: tuple[NumberPlan, ...] = Field(description="Numbers that are touched.")
    labels: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="By the name of a number what people call it: its label in the stack file and its E.164.",
    )
    total: int = Field(description="How many numbers the stack has, before or after.")
    carriers: dict[str, int] = Field(
        default_factory=dict[str, int], description="Numbers that ring before, per carrier."
    )
    objects: tuple[ObjectPlan, ...]
    secrets: tuple[SecretPlan, ...] = Field(default=(), description="Which secret goes to which host after this.")
    drift: tuple[Drift, ...] = ()
    refreshed: bool = Field(default=False, description="Whether drift was looked for.")
    bundles: tuple[BundlePlan, ...] = ()
    messages: tuple[Message, ...] = ()
    policy: tuple[Violation, ...] | None = Field(default=None, description="None: no policy pack was run.")
    checksum: str = Field(default="", description="Binds the stack, its files, its configuration and every operation.")


class RuleFinding(Item):
    """Something a reviewer must see, and the rule that says so."""

    level: Level
    rule: str = ""
    number: str = ""
    object: str = ""
    line: int = 0
    host: str = Field(default="", description="The new host, where a secret goes to one.")
    what: str
    why: str = ""
    accepted: str = Field(default="", description="Why it is accepted, from the stack file.")
    step: str = Field(default="", description="The fix.")
    accept: str = Field(
        default="", description="The entry under `accept`, in YAML, when it is intended; why is missing."
    )

    @property
    def stops(self) -> bool:
        """Whether an apply must not go on."""
        return self.level == "danger" and bool(self.rule) and not self.accepted


class Review(Item):
    """A plan and what the rules say of it: what ``xtel plan --format json`` prints."""

    verdict: Word
    headline: str
    findings: tuple[RuleFinding, ...]
    plan: Plan
    rehearsal: Rehearsal | None = Field(
        default=None, exclude_if=lambda found: found is None, description="What `xtel rehearse` found of this change."
    )

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return self.model_dump(mode="json")

    @property
    def exit(self) -> int:
        """0 nothing changes, 1 error, 2 changes, 3 blocked."""
        return {"none": 0, "incomplete": 1, "blocked": 3}.get(self.verdict, 2)
