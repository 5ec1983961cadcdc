"""Stack files: every bad one in ``cases/stackfile/bad`` gives exactly the findings its last lines expect."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from providers.kernel import purchase, ranges, registry
from providers.kernel.capabilities import Cannot, Capability
from providers.kernel.route import CarrierRoute, Leg, RouteObject
from providers.kernel.vendor import Carrier
from providers.twilio import CARRIER as TWILIO
from stacks import document, model, wording
from tests.conftest import ROOT

BAD = sorted((Path(__file__).parent / "cases/stackfile/bad").glob("*.yaml"))
EXAMPLE = ROOT / "stacks/prod.example.yaml"
#: Wherever it stands in a bad file, it is a secret that somebody wrote there.
SECRET = re.compile("hunter2secret|whsec_MfKQ9r8|20261121")
#: Phrases of pydantic and ruamel that say nothing to whoever wrote the file.
RAW = re.compile(
    r"should |pattern|[Ii]nput|instance of|valid (string|dict|tuple|list|bool|int)|any token|scanning|<|None|\^|\\"
)


def errors(path: Path) -> list[str]:
    """The errors of a file that is refused, as they are shown, without its name."""
    with pytest.raises(document.Refused) as refused:
        document.read(path)
    return [str(finding).removeprefix(f"{path}:") for finding in refused.value.findings if finding.severity == "error"]


def expected(path: Path) -> list[str]:
    """What its last lines say; what stands in braces are those that are installed."""
    sellers = [name for name, each in registry.carriers().items() if issubclass(each.route, purchase.Route)]
    installed = {
        "{carriers}": ", ".join(registry.carriers()),
        "{sellers}": ", ".join(sellers),
        "{matching}": ", ".join(name for name, each in registry.carriers().items() if each.route.matches_did),
        "{sellers and}": " and ".join([", ".join(sellers[:-1]), sellers[-1]]),
        "{ranges}": ranges.names(),
    }
    text = path.read_text()
    for name, names in installed.items():
        text = text.replace(name, names)
    return [line.removeprefix("# expect ") for line in text.splitlines() if line.startswith("# expect ")]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file(path: Path) -> None:
    found = errors(path)
    assert found == expected(path) != []
    assert not [line for line in found if SECRET.search(line)], "a finding shows a secret"
    assert not [line for line in found if RAW.search(line)], "a finding speaks pydantic"
    assert all(len(line) < 310 and not line.endswith("…") for line in found)


def test_the_stack_files_of_the_sandbox_are_good() -> None:
    found = document.read(ROOT / "stacks/sandbox.yaml")
    others = document.read(ROOT / "stacks/platforms.yaml")
    assert len(found.numbers) >= 8
    numbers = [*found.numbers.values(), *others.numbers.values()]
    assert {number.route.delivers for number in numbers if number.route} == set(registry.carriers())
    assert found.warnings == others.warnings == []
    assert found.lines["sales"] > found.lines["support"]


def test_defaults_are_replaced_as_a_whole_and_removed_by_null(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "version: 1\n"
        "defaults: {webhook: {url: https://a.example/x, auth_token: {secret: t}}, route: {carrier: twilio, secure: true}}\n"
        "numbers:\n"
        '  one: {number: "+14155550100"}\n'
        '  two: {number: "+14155550101", webhook: {url: https://b.example/y}}\n'
        '  three: {number: "+14155550102", webhook: null, route: {carrier: twilio}}\n'
        '  four: {number: "+14155550103", agent: agent_1}\n'
    )
    numbers = document.read(file).numbers
    assert numbers["one"].webhook and numbers["one"].webhook.auth_token
    assert numbers["one"].route == numbers["four"].route
    assert numbers["two"].webhook and numbers["two"].webhook.auth_token is None
    assert numbers["three"].webhook is None
    assert numbers["three"].route != numbers["one"].route
    assert numbers["four"].webhook is None


def test_warnings_do_not_refuse(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text('version: 1\nnumbers:\n  one: {number: "+15555550100", auth: open}\n')
    messages = [finding.message for finding in document.read(file).warnings]
    assert messages == [
        "is possible, but no such number is assigned: a typing error?",
        "nobody answers: give it a webhook or an agent",
        "open: anyone on the internet can call this number in",
    ]


def test_anchors_are_bounded(tmp_path: Path) -> None:
    layers = "".join(f"  l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 10)}]\n" for n in range(8))
    file = tmp_path / "bomb.yaml"
    file.write_text(f"version: 1\nbomb:\n  l0: &l0 [x]\n{layers}numbers: {{}}\n")
    with pytest.raises(document.Refused) as refused:
        document.read(file)
    assert str(refused.value.findings[0]).startswith(f"{file}:8: bomb.l5: is too large or too deep")


def test_unreadable_files(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    (tmp_path / "list.yaml").write_text("- a\n")
    (tmp_path / "deep.yaml").write_text("[" * 5000)
    for name, message in [
        ("none", "cannot be read: No such file"),
        ("latin", "is not UTF-8"),
        ("list", "must be a mapping"),
        ("deep", "is nested too deep"),
    ]:
        with pytest.raises(document.Refused) as refused:
            document.read(tmp_path / f"{name}.yaml")
        assert message in str(refused.value.findings[0])


# --- across entries ---


def _file(tmp_path: Path, *numbers: str, defaults: str = "{}") -> Path:
    """A stack file whose numbers are ``+1415555xxxx``, by the keys n0, n1, …"""
    file = tmp_path / "stack.yaml"
    lines = [
        f'  n{index}: {{number: "+1415555{index:04}", agent: agent_a, {said}}}\n' for index, said in enumerate(numbers)
    ]
    file.write_text(f"version: 1\ndefaults: {defaults}\nnumbers:\n{''.join(lines)}")
    return file


OWN, SHARED = "route: {carrier: twilio}", "route: {carrier: twilio, trunk: shared}"
TOO_MANY = (
    "104: numbers.n100.route: n100 needs Trunk 101 at Twilio, and an account has at most 100:"
    " write `trunk: shared` in the routes"
)


def test_a_hundred_trunks_are_an_account(tmp_path: Path) -> None:
    assert len(document.read(_file(tmp_path, *[OWN] * 100)).numbers) == 100
    assert len(document.read(_file(tmp_path, *[OWN] * 99, *[SHARED] * 20)).numbers) == 119
    assert errors(_file(tmp_path, *[OWN] * 101)) == [TOO_MANY]
    assert errors(_file(tmp_path, *[OWN] * 100, SHARED, SHARED, OWN)) == [TOO_MANY], "the shared one is a trunk too"
    inherited = errors(_file(tmp_path, *["name: x"] * 101, defaults="{" + OWN + "}"))
    assert inherited == [TOO_MANY.replace("104: numbers.n100.route", "2: defaults.route")], "where it is said"


def test_a_hundred_trunks_are_an_account_at_plivo_too(tmp_path: Path) -> None:
    own, allow = "route: {carrier: plivo}", "auth: {allow: [plivo]}"
    shared = f"route: {{carrier: plivo, trunk: shared}}, {allow}"
    assert len(document.read(_file(tmp_path, *[own] * 99, *[shared] * 20)).numbers) == 119
    assert errors(_file(tmp_path, *[own] * 101)) == [
        "104: numbers.n100.route: n100 needs Trunk 101 at Plivo, and an account has at most 100:"
        " write `trunk: shared` in the routes, with auth: {allow: [plivo]}"
    ]


@pytest.mark.parametrize(
    "allow",
    ["[twilio]", "[TWILIO, 203.0.113.0/28]", "[twilio@2026-11-21]", "[0.0.0.0/1, 160.0.0.0/3]", "[54.0.0.0/8, 35.0.0.0/8,"
     " 177.71.206.192/30]"],
)  # fmt: skip
def test_an_allowlist_covers_a_carrier_by_name_or_by_networks(tmp_path: Path, allow: str) -> None:
    document.read(_file(tmp_path, f"{OWN}, auth: {{allow: {allow}}}"))


@pytest.mark.parametrize("route", ["route: {carrier: sip}", "route: {carrier: sip, platform: other}", "name: x"])
@pytest.mark.parametrize(
    "allow", ["[didww]", "[livekit, 203.0.113.0/28]", "['chime:us-east-1', 'Chime:ipv6@2026-11-21']"]
)
def test_platforms_without_a_module_are_allowed_by_name(tmp_path: Path, route: str, allow: str) -> None:
    assert document.read(_file(tmp_path, f"{route}, auth: {{allow: {allow}}}")).warnings == []


@pytest.mark.parametrize(
    ("address", "allow", "warned"),
    [
        ("203.0.113.9", "198.51.100.1/32", True),
        ("203.0.113.9", "198.51.100.1/32, 203.0.113.0/28", False),
        ("203.0.113.9", "203.0.113.10", True),
        ("203.0.113.9", "'2001:db8::/32'", True),
        ("pbx.example.com", "198.51.100.1/32", False),
    ],
)
@pytest.mark.parametrize("route", ["platform: asterisk", "platform: zoom", "platform: teams, gateway: sbc.example.com"])
def test_an_allowlist_that_lacks_the_machines_own_address_is_warned_of(
    tmp_path: Path, route: str, address: str, allow: str, *, warned: bool
) -> None:
    said = f"route: {{carrier: sip, {route}, address: {address}}}, auth: {{allow: [{allow}]}}"
    found = [str(each.message) for each in document.read(_file(tmp_path, said)).warnings]
    assert found == (
        [
            "203.0.113.9, the route's address, is in none of these networks: its calls would be refused; add 203.0.113.9/32"
        ]
        if warned
        else []
    )


def test_twiml_may_log_in_and_its_allowlist_covers_twilio(tmp_path: Path) -> None:
    spoken = "route: {carrier: twilio, mode: twiml}"
    document.read(_file(tmp_path, f"{spoken}, auth: {{digest: {{username: u}}}}", spoken))
    found = errors(_file(tmp_path, f"{spoken}, auth: {{allow: [203.0.113.0/28]}}"))
    assert found[0].endswith("8 of Twilio's 8 networks are missing, and calls from them would be refused: add twilio")


def test_an_allowlist_of_version_six_covers_no_version_four(tmp_path: Path) -> None:
    found = errors(_file(tmp_path, OWN + ', auth: {allow: ["2001:db8::/32"]}'))
    assert found == [
        "4: numbers.n0.auth.allow: 8 of Twilio's 8 networks are missing, and calls from them would be refused: add twilio"
    ]


class Limited(CarrierRoute):
    """The route of a carrier that can little, and has no published ranges."""

    carrier: Literal["limited"] = Field("limited", description="A carrier that can little.")
    region: str = Field("us", description="Where: us or eu.")
    note: str = Field("", description="Said for each number alone.")

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        """One connection for all numbers, and a link of its own for each."""
        if self.region not in {"us", "eu"}:
            raise ValueError("region is us or eu")
        shared = RouteObject("connection", "Connection", {"region": self.region}, shared=True)
        return shared, RouteObject("link", "Link", {"note": self.note}, last=True)


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """That carrier, installed beside Twilio."""
    cannot = {
        Capability.FALLBACK: Cannot("a connection has one address", date(2026, 11, 21)),
        Capability.DIGEST: Cannot("it sends none", date(2026, 11, 21)),
    }
    declared = Carrier[Any](
        "limited", "Limited", (), "LIMITED_BASE_URL", (), lambda *_: None, str, route=Limited, can=cannot
    )
    monkeypatch.setattr(registry, "carriers", lambda: {"limited": declared, "twilio": TWILIO})


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize(
    ("said", "finding"),
    [
        (
            "fallback: ['sip:pbx.example.com']",
            "fallback: Limited has no fallback (a connection has one address): remove fallback",
        ),
        (
            "auth: {digest: {username: u}}",
            "auth.digest: Limited cannot log in with a digest (it sends none): write auth: {allow: [CIDR]}",
        ),
        (
            "auth: null",
            ": Limited publishes no address ranges: add auth: {allow: [CIDR]} with the addresses of its calls",
        ),
        ("route: {carrier: limited, region: mars}, auth: open", "route: region is us or eu"),
        (
            "route: {carrier: limited, region: mars}, auth: open, fallback: ['sip:pbx.example.com']",
            "fallback: Limited has no fallback (a connection has one address): remove fallback",
        ),
    ],
)
def test_what_a_carrier_cannot_is_refused_with_its_reason(tmp_path: Path, said: str, finding: str) -> None:
    route = "" if "route" in said else "route: {carrier: limited}, "
    assert f"4: numbers.n0.{finding}".replace(".:", ":") in errors(_file(tmp_path, route + said))


@pytest.mark.usefixtures("limited")
def test_only_what_shared_pieces_want_must_be_the_same(tmp_path: Path) -> None:
    one, two = "auth: open, route: {carrier: limited, note: one}", "auth: open, route: {carrier: limited, note: two}"
    document.read(_file(tmp_path, one, two, OWN))
    other = "auth: open, route: {carrier: limited, note: two, region: eu}"
    assert errors(_file(tmp_path, one, other)) == [
        "5: numbers.n1.route: shares one Limited connection with n0 (line 4), which says something else in route.region:"
        " say the same in both, or do not share it"
    ]


@pytest.mark.usefixtures("limited")
def test_an_allowlist_of_a_carrier_without_published_ranges_is_taken_as_it_is(tmp_path: Path) -> None:
    document.read(_file(tmp_path, "route: {carrier: limited}, auth: {allow: [203.0.113.0/28]}"))


# --- agents ---


def _agent_file(root: Path, named: str) -> Path:
    """A stack file of a project, whose agent has its instructions in a file."""
    (root / "stacks").mkdir(exist_ok=True)
    (root / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    file = root / "stacks/dev.yaml"
    file.write_text(f"version: 1\nagents:\n  sales:\n    instructions_file: {named}\nnumbers: {{}}\n")
    return file


def test_instructions_are_read_from_the_projects_root_in_one_spelling(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/sales.md").write_bytes("\ufeffGrüße.\r\n\r\n- Kurz.\r\n\r\n".encode())
    agent = document.read(_agent_file(tmp_path, "prompts/sales.md")).agents["sales"]
    assert (agent.instructions, agent.instructions_file) == ("Grüße.\n\n- Kurz.", None)


def test_instructions_may_be_as_long_as_xai_takes_them(tmp_path: Path) -> None:
    (tmp_path / "long.md").write_text("ü" * 256_000 + "\n")
    assert len(document.read(_agent_file(tmp_path, "long.md")).agents["sales"].instructions or "") == 256_000
    for text in ("ü" * 256_001, "x" * 2_000_000):
        (tmp_path / "long.md").write_text(text)
        assert errors(_agent_file(tmp_path, "long.md")) == [
            "4: agents.sales.instructions_file: is too long: instructions have at most 256000 characters"
        ]


def test_a_link_does_not_lead_out_of_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "secret.md").write_text("hunter2secret")
    (project / "link.md").symlink_to(tmp_path / "secret.md")
    (project / "loop.md").symlink_to(project / "loop.md")
    outside = "is outside of the project: name a file below its root, such as agents/sales.md"
    assert errors(_agent_file(project, "link.md")) == [f"4: agents.sales.instructions_file: {outside}"]
    assert "cannot be read: " in errors(_agent_file(project, "loop.md"))[0]
    assert "4: agents.sales.instructions_file: " in errors(_agent_file(project, '"a\\0b.md"'))[0]


@pytest.mark.parametrize(
    ("named", "target", "reason"),
    [
        (".env", "", "is a hidden file, or in a hidden folder: name one such as agents/sales.md"),
        (".git/config.md", "", "is a hidden file, or in a hidden folder: name one such as agents/sales.md"),
        ("agents/../.git/notes.txt", "", "is a hidden file, or in a hidden folder: name one such as agents/sales.md"),
        ("agents/link.md", ".env", "is a hidden file, or in a hidden folder: name one such as agents/sales.md"),
        (
            "agents/link.md",
            "Pulumi.dev.yaml",
            "must be a file of prose that ends in .md or .txt: its text is sent to xAI",
        ),
        ("Pulumi.dev.yaml", "", "must be a file of prose that ends in .md or .txt: its text is sent to xAI"),
        ("agents/prompt", "", "must be a file of prose that ends in .md or .txt: its text is sent to xAI"),
        ("agents/folder.md/", "", "is a folder: name a file"),
    ],
)
def test_only_visible_prose_of_the_project_is_sent(tmp_path: Path, named: str, target: str, reason: str) -> None:
    file, path = _agent_file(tmp_path, named), tmp_path / named
    path.parent.mkdir(parents=True, exist_ok=True)
    if named.endswith("/"):
        path.mkdir()
    elif target:
        (tmp_path / target).write_text("TOKEN=hunter2")
        path.symlink_to(tmp_path / target)
    else:
        path.write_text("TOKEN=hunter2")
    assert errors(file) == [f"4: agents.sales.instructions_file: {reason}"]


# --- the example ---


def test_the_example_is_good_and_shows_every_key() -> None:
    found = document.read(EXAMPLE)
    assert found.warnings == []
    said = set(re.findall(r"(?:^|[\s{])([a-z_]+):", re.sub(r"#.*", "", EXAMPLE.read_text()), re.MULTILINE))
    keys = set(_keys(model.Network)) | set(_keys(TWILIO.route))
    assert keys - said == set()


def _keys(declared: type[BaseModel]) -> Iterator[str]:
    """Every key of a model and of the models in it."""
    for name, info in declared.model_fields.items():
        yield name
        yield from (key for inner in _models(info.annotation) for key in _keys(inner))


def _models(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for inner in getattr(hint, "__args__", ()):
        yield from _models(inner)


# --- whatever stands in the file ---

WORDS = sorted({*_keys(model.Network), *_keys(TWILIO.route), "support", "sales", "<<", ""})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["+14155550100", "twilio", "open", "byo_trunk", "xai_provisioned", "shared", "yes", "203.0.113.0/28"]
    ),
    st.sampled_from(["https://voice.example.com/x", "sip:pbx.example.com", "accept", "2026-11-21", "sip:a:b@c", "415"]),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)
FILES = st.fixed_dictionaries({"numbers": st.dictionaries(st.sampled_from(["support", "sales"]), TREES, max_size=2) | TREES},
                              optional={"version": st.just(1) | TREES, "defaults": TREES})  # fmt: skip
BOUNDED = settings(max_examples=150, suppress_health_check=list(HealthCheck), database=None)


def _refused_or_read(path: Path) -> None:
    try:
        document.read(path)
    except document.Refused as refused:
        assert refused.findings
        for finding in refused.findings:
            assert 1 <= finding.line <= len(path.read_text().splitlines()) + 1
            assert str(finding).isprintable()


@BOUNDED
@given(tree=FILES)
def test_any_tree_is_read_or_refused(tree: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "tree.yaml"
    path.write_text(json.dumps(tree, indent=1, ensure_ascii=True).replace("Infinity", ".inf").replace("NaN", ".nan"))
    _refused_or_read(path)


TOKENS = [
    *(
        "version: 1\n",
        "numbers:\n",
        "  support:\n",
        "    number: ",
        '"+14155550100"\n',
        "    route: ",
        "{carrier: twilio}\n",
    ),
    *(
        "&a ",
        "*a",
        "<<: *a\n",
        "!!int x",
        "!!bool y\n",
        "!!set {x}\n",
        "!vault z\n",
        "!!binary aGk=\n",
        "? ",
        ": ",
        "- ",
    ),
    *("[", "]", "{", "}", ",", "'", '"', "#", "|\n", ">-\n", "\t", "\n", "---\n", "...\n", "%YAML 1.1\n", "%TAG ! x\n"),
    *(
        "2026-99-01\n",
        "1e999\n",
        "0x1F\n",
        "0o17\n",
        "null: 1\n",
        "1: 1\n",
        "'1': 1\n",
        "\x00",
        "\ufeff",
        '"\\ud800"\n',
    ),
    *("  ", "    "),
]


@BOUNDED
@given(tokens=st.lists(st.sampled_from(TOKENS) | st.text(max_size=3), max_size=25))
def test_any_text_is_read_or_refused(tokens: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "text.yaml"
    path.write_bytes("".join(tokens).encode("utf-8", "surrogatepass"))
    try:
        document.read(path)
    except document.Refused as refused:
        assert all(str(finding).isprintable() for finding in refused.findings)


@pytest.mark.parametrize(("voice", "doubt"), [("evee", "eve"), ("Saal", "sal"), ("voice_8f2a", ""), ("EVE", "")])
def test_a_voice_that_nobody_documents_is_doubted_alone(tmp_path: Path, voice: str, doubt: str) -> None:
    file = tmp_path / "a.yaml"
    agent = f"agents: {{sales: {{instructions: Greet., voice: {{voice_id: {voice}}}}}}}\n"
    file.write_text(
        f"version: 1\n{agent}numbers:\n  one: {{number: '+14155550100', route: {{carrier: twilio}}, agent: sales}}\n"
    )
    said = [f"{found.line}: {found.path}: {found.message}" for found in document.read(file).warnings]
    guess = f"did you mean {doubt}? (one of your own is right as it is)"
    assert said == (
        [f"2: agents.sales.voice.voice_id: is none of the voices that xAI documents: {guess}"] if doubt else []
    )


def _unknown_key(kind: type[BaseModel], key: str) -> str:
    with pytest.raises(ValidationError) as refused:
        kind.model_validate({key: "x"})
    [said] = [wording.worded(kind, each)[1] for each in refused.value.errors() if each["type"] == "extra_forbidden"]
    return said


def test_every_key_of_a_route_is_told_where_it_belongs_or_whose_it_is() -> None:
    """A key that stands in the route already is never sent there."""
    for key in {key for carrier in registry.carriers().values() for key in carrier.route.model_fields}:
        if key not in model.Number.model_fields:
            assert "write it under route" in _unknown_key(model.Number, key), key
            assert "write it under route" in _unknown_key(model.Common, key), key
        for carrier in registry.carriers().values():
            if key not in carrier.route.model_fields:
                said = _unknown_key(carrier.route, key)
                assert (
                    f"is not a key of {carrier.name}, but of " in said
                    or "is a key of the number" in said
                    or "belongs under " in said
                )
                assert "under route" not in said


def test_an_allowlist_of_networks_that_the_internet_does_not_know_lets_nobody_call(tmp_path: Path) -> None:
    entries = "[10.0.0.0/8, 127.0.0.1, 'fe80::/10', 203.0.113.7, 8.8.8.0/24]"
    found = document.read(_file(tmp_path, f"auth: {{allow: {entries}}}")).warnings
    assert [each.path for each in found] == [f"numbers.n0.auth.allow.{index}" for index in range(3)]
    assert [each.message.split(": nothing")[0] for each in found] == [
        "10.0.0.0/8 is private", "127.0.0.1/32 is loopback", "fe80::/10 is link-local",
    ]  # fmt: skip


def test_a_model_and_an_effort_almost_right_are_doubted(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    voice = "{model: grok-vioce-latest, reasoning: {effort: hihg}}"
    file.write_text(f"version: 1\nagents: {{sales: {{instructions: Greet., voice: {voice}}}}}\nnumbers: {{}}\n")
    assert {(found.path, found.message.rpartition(": ")[2]) for found in document.read(file).warnings} >= {
        ("agents.sales.voice.model", "did you mean grok-voice-latest?"),
        ("agents.sales.voice.reasoning.effort", "did you mean high?"),
    }
