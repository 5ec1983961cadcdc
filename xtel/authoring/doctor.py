"""`xtel doctor`: what is needed here and whether it is there; asks vendors, changes nothing, shows no secret."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import sysconfig
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from importlib import metadata
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from providers.kernel import errors, operation, ranges, registry, secrecy, waiting
from providers.kernel.capabilities import Capability, Table
from providers.kernel.session import Session
from providers.kernel.vendor import Credential, Vendor
from providers.kernel.wording import counted
from stacks import document
from stacks.model import Auth
from xtel import terminal
from xtel.authoring import matrix
from xtel.engine import backends, cli
from xtel.project import layout, programs, sandbox
from xtel.review import ranges as published

#: The first engine that starts a policy pack given as an executable.
OLDEST_ENGINE = Version("3.255.0")
OLDEST_PYTHON = (3, 11)
#: Days after which a published table should be compared with its source again.
OLD = 180
#: Seconds that all attempts to reach one account may wait for another one.
_PATIENCE = 3.0
_HOST = "pulumi-language-python"
_SHOWN = ("pulumi", "twilio", "telnyx", "plivo", "httpx", "pydantic")
_OURS = ("providers", "stacks", "xai_resources", "xtel", "sandbox", "templates")
_LIBRARIES = (*_SHOWN, "jinja2", "phonenumbers", "rich", "starlette", "typer", "uvicorn", "grpc", "requests")
#: Stands for a value that is set but not looked at, while a client is made that is never used.
_STAND_IN = "xtel-doctor-stand-in"
#: The width of a check's name, where none of its section is longer.
_NAME = 18

OK, WARNING, MISSING, ERROR, SKIPPED = "ok", "warning", "missing", "error", "skipped"
_LOOKS = {
    OK: ("✓", "green"),
    WARNING: ("!", "yellow"),
    MISSING: ("✗", "red"),
    ERROR: ("✗", "red"),
    SKIPPED: ("·", "dim"),
}

#: A config value: None is a secret that is set and was not shown.
Config = Mapping[str, str | None]


@dataclass(frozen=True)
class Check:
    """One thing looked at: how it is, and the next step where it is not good."""

    name: str
    status: str
    detail: str
    step: str = ""


@dataclass
class Report:
    """Everything looked at, by section."""

    stack: str
    sections: dict[str, list[Check]] = field(default_factory=dict[str, list[Check]])

    @property
    def ok(self) -> bool:
        """Nothing is missing and nothing is wrong; warnings are allowed."""
        return not self.count(MISSING, ERROR)

    def count(self, *statuses: str) -> int:
        """How many checks ended like this."""
        return sum(check.status in statuses for checks in self.sections.values() for check in checks)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        sections = {name: [asdict(check) for check in checks] for name, checks in self.sections.items()}
        return {"ok": self.ok, "stack": self.stack or None, "sections": sections, "carriers": _abilities()}


def examine(found: layout.Project, stack: str, *, offline: bool) -> Report:
    """Look at everything. With a stack: at what that stack needs."""
    report = Report(stack)
    declared, problem = _declared(found, stack)
    config, unread = _config(found, stack)
    report.sections["Tools"] = [*_python(), *_engine(found), *_packages(), *problem]
    report.sections["State"] = list(_state(found, stack))
    wanted = _needed(declared) if stack else set[str]()
    vendors = _Vendors(wanted, bool(stack), config)
    told = [*unread, *vendors.credentials(_hint(found, stack))]
    report.sections["Credentials"] = list(dict.fromkeys(told))  # two carriers may take one credential
    report.sections["Accounts"] = vendors.accounts(lambda: _asked(found, stack, reveal=True), offline=offline)
    report.sections["Ranges"] = [*_tables(_used(declared)), *_registered(found, stack, declared)]
    report.sections["Shadowed packages"] = [*_shadows({found.root.resolve(), Path.cwd().resolve()}), *_installed()]
    return report


# --- the state ---


def _state(found: layout.Project, stack: str) -> Iterator[Check]:
    """Where Pulumi keeps it, and whether the secrets in a stack's can be read."""
    if not cli.found():
        yield Check("backend", SKIPPED, "there is no pulumi to ask")
        return
    variables = sandbox.reading(found, stack)
    try:
        kept = backends.current(found.root, variables)
    except cli.PulumiUnavailable as error:
        yield Check("backend", MISSING if stack else WARNING, error.summary, error.step)
        return
    yield Check("backend", OK, f"{secrecy.one_line(kept.url, 150)}, as {secrecy.one_line(kept.user, 60)}")
    encrypted = backends.encryption(found.root, stack) if stack else ""
    if encrypted == "passphrase":
        lacking = backends.lacks_passphrase({**os.environ, **variables})
        step = cli.advice("passphrase must be set")
        told = "set, and encrypts the secrets of this stack"
        yield Check("passphrase", MISSING, "not set", step) if lacking else Check("passphrase", OK, told)
    elif encrypted:
        yield Check("secrets provider", OK, secrecy.one_line(encrypted, 150))


# --- the stack ---


def _declared(found: layout.Project, stack: str) -> tuple[document.Document | None, list[Check]]:
    if not stack:
        return None, []
    try:
        read = document.read(found.stack_file(stack))
    except document.Refused as refused:
        return None, [Check("stack file", ERROR, refused.summary, f"xtel validate {stack}")]
    count = len(read.numbers)
    return read, [Check("stack file", OK, f"{read.file}: {counted(count, 'number')}")]


def _used(declared: document.Document | None) -> set[str] | None:
    """Whose ranges matter: those of the carriers in use and those named in an allowlist; None where no stack says."""
    if declared is None:
        return None
    numbers = declared.numbers.values()
    named = {
        published.group(entry)
        for number in numbers
        if isinstance(number.auth, Auth)
        for entry in number.auth.allow or ()
        if ranges.is_name(entry)
    }
    return named | {number.route.delivers for number in numbers if number.route}


def _needed(declared: document.Document | None) -> set[str]:
    numbers = declared.numbers.values() if declared else ()
    return {"xai"} | {number.route.delivers for number in numbers if number.route}


def _config(found: layout.Project, stack: str) -> tuple[Config, list[Check]]:
    """The stack's Pulumi config without the values of its secrets."""
    if not stack:
        return {}, []
    try:
        return _asked(found, stack), []
    except cli.PulumiUnavailable as error:
        detail = f"cannot be read, so only the environment is looked at: {error.summary}"
        return {}, [Check("stack config", WARNING, detail)]


def _asked(found: layout.Project, stack: str, *, reveal: bool = False) -> Config:
    return cli.config(found.root, stack, sandbox.reading(found, stack), reveal=reveal)


def _hint(found: layout.Project, stack: str) -> str:
    """The sandbox's credentials come all at once."""
    it = sandbox.LocalSandbox(found)
    return 'eval "$(xtel sandbox env)"' if stack == sandbox.STACK and it.running() else ""


# --- tools ---


def _python() -> Iterator[Check]:
    good = sys.version_info >= OLDEST_PYTHON
    wanted = ".".join(map(str, OLDEST_PYTHON))
    detail = f"{platform.python_version()}, {layout.shown(Path(sys.prefix))}"
    yield Check("python", OK if good else ERROR, detail, "" if good else f"install Python {wanted} or newer")
    first = shutil.which("python3")
    if first is None or Path(first).parent != Path(sysconfig.get_path("scripts")):
        detail = f"{first or 'nothing'} is first on PATH, and Pulumi may start that one"
        activate = layout.shown(Path(sysconfig.get_path("scripts"), "activate"))
        yield Check("python3 on PATH", WARNING, detail, f". {activate}")


def _engine(found: layout.Project) -> Iterator[Check]:
    own = (Path(__file__).resolve().parents[2] / "tools/engine/install.py").is_file()
    step = "make setup" if own else f"install Pulumi {OLDEST_ENGINE} or newer: https://www.pulumi.com/docs/install"
    program = shutil.which("pulumi", path=programs.search_path())
    if program is None:
        yield Check("pulumi", MISSING, "not on PATH", step)
        return
    try:
        version = cli.run(["version"], found.root, {}).strip()
    except cli.PulumiUnavailable as error:
        yield Check("pulumi", ERROR, error.summary, error.step or step)
        return
    yield _aged(version, layout.shown(Path(program)), step)
    beside = Path(program).resolve().parent / _HOST
    host = str(beside) if beside.is_file() else shutil.which(_HOST, path=programs.search_path())
    if host:
        yield Check("language host", OK, f"{_HOST}, {'beside pulumi' if beside.is_file() else host}")
    else:
        yield Check("language host", MISSING, f"{_HOST} is neither beside pulumi nor on PATH", step)


def _aged(version: str, where: str, step: str) -> Check:
    """Whether this engine is new enough."""
    try:
        good, wrong = Version(version) >= OLDEST_ENGINE, f"older than {OLDEST_ENGINE}"
    except InvalidVersion:
        good, wrong = False, "it does not say which version it is"
    told = f"{version}, {where}"
    return Check("pulumi", OK, told) if good else Check("pulumi", ERROR, f"{told}: {wrong}", step)


def _packages() -> Iterator[Check]:
    """Read from what pip wrote down: nothing is imported."""
    needed = [Requirement(text) for text in metadata.requires("xai-telephony") or ()]
    wanted = {each.name: each.specifier for each in needed if each.marker is None}  # a marker: of an extra
    good: list[str] = []
    for name in _SHOWN:
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Check(name, MISSING, "not installed", f"pip install '{name}{wanted[name]}'")
            continue
        if not wanted[name].contains(version, prereleases=True):
            yield Check(name, ERROR, f"{version} is not {wanted[name]}", f"pip install '{name}{wanted[name]}'")
        else:
            good.append(f"{name} {version}")
    for index in range(0, len(good), 3):
        yield Check("packages", OK, ", ".join(good[index : index + 3]))


# --- credentials and accounts ---


class _Vendors:
    """Every vendor's credentials: where they come from, and whether its account answers to them."""

    def __init__(self, needed: set[str], chosen: bool, config: Config) -> None:
        self._needed, self._chosen, self._config = needed, chosen, config
        self._ready: list[Vendor[Any]] = []

    def credentials(self, hint: str) -> Iterator[Check]:
        """Where each credential is set; missing where the stack needs it."""
        for vendor in registry.vendors().values():
            if self._chosen and vendor.name not in self._needed:
                yield Check(vendor.title, SKIPPED, "not used by this stack")
                continue
            lacking, problem = _lacking(vendor, self._stand_in)
            places = {item.env: self._place(item) for item in vendor.credentials}
            given = any(places.values())
            if not (lacking or problem):
                self._ready.append(vendor)
            yield from self._shown(vendor, places, lacking, hint, given=given)
            if problem:
                yield Check(vendor.title, ERROR if self._chosen or given else SKIPPED, problem.summary, problem.step)
            elif given:
                yield from self._address(vendor)

    def _shown(
        self, vendor: Vendor[Any], places: Mapping[str, str], lacking: Mapping[str, str], hint: str, *, given: bool
    ) -> Iterator[Check]:
        instead = _instead(vendor, lacking, self._stand_in)
        if not given and not self._chosen:
            told = [f"{name} (or {instead[name]})" if name in instead else name for name in lacking or places]
            yield Check(vendor.title, SKIPPED, f"not set: {', '.join(told)}" if told else "needs no credentials")
            return
        for item in vendor.credentials:
            if places[item.env]:
                yield Check(item.env, OK, f"set by {places[item.env]}")
            elif item.env in lacking:
                status = MISSING if self._chosen else WARNING
                others = f", or {instead[item.env]}" if item.env in instead else ""
                yield Check(item.env, status, f"{vendor.title} needs it{others}", hint or lacking[item.env])
            elif vendor.name in self._needed:
                yield Check(item.env, SKIPPED, "not set, not needed")

    def _place(self, item: Credential) -> str:
        """Config or environment; empty where it is not set."""
        if item.config in self._config and self._config[item.config] != "":
            return f"the stack's config ({item.config})"
        return "the environment" if os.environ.get(item.env) else ""

    def _address(self, vendor: Vendor[Any]) -> Iterator[Check]:
        """Where the credentials travel to, when that is not the vendor's own host."""
        if url := os.environ.get(vendor.base_url_env):
            yield Check(vendor.base_url_env, OK, f"{secrecy.one_line(url)} instead of the vendor's own")

    def _stand_in(self, key: str) -> str | None:
        value = self._config.get(key, "")
        return _STAND_IN if value is None else value

    def accounts(self, reveal: Callable[[], Config], *, offline: bool) -> list[Check]:
        """Ask each account who it is, all at once."""
        if not self._ready:
            return [Check("accounts", SKIPPED, "none is asked: no vendor has its credentials")]
        if offline:
            return [Check(vendor.title, SKIPPED, "not asked (--offline)") for vendor in self._ready]
        config = self._config
        try:
            if any(config.get(item.config, "") is None for vendor in self._ready for item in vendor.credentials):
                config = reveal()
        except cli.PulumiUnavailable as error:
            return [Check("stack config", ERROR, f"its secrets cannot be decrypted: {error.summary}", error.step)]
        names = ", ".join(vendor.title for vendor in self._ready)
        with terminal.working(f"asking {names}"):
            return waiting.at_once(partial(_account, config), self._ready)


def _lacking(
    vendor: Vendor[Any], config: Callable[[str], str | None]
) -> tuple[dict[str, str], errors.XtelError | None]:
    """Credentials without which no client can be made, each with its next step; and whatever else stands in the way.

    Asked of the vendor's own module, which alone knows that a token may be replaced by a key and a secret.
    """
    lacking: dict[str, str] = {}
    filled: dict[str, str] = {}
    for _ in range(len(vendor.credentials) + 1):
        try:
            _ = Session(vendor, lambda key: filled.get(key) or config(key)).api
        except errors.CredentialError as error:
            item = next((each for each in vendor.credentials if each.env == error.missing), None)
            if item is None or item.env in lacking:  # with others lacking it complains of what stands in for them
                return lacking, None if lacking else error
            lacking[item.env], filled[item.config] = error.step, _STAND_IN
        except Exception as error:  # an SDK that cannot be imported, a value of the wrong form
            return lacking, None if lacking else errors.worded(error)
        else:
            break
    return lacking, None


def _instead(vendor: Vendor[Any], lacking: Mapping[str, str], config: Callable[[str], str | None]) -> dict[str, str]:
    """For each credential that is lacking: those that would do in its place, as the vendor's own module has it."""
    optional = [item for item in vendor.credentials if not item.required and item.env not in lacking]
    for chosen in (*([item] for item in optional), optional) if lacking else ():
        filled = {item.config: _STAND_IN for item in chosen}
        still, _ = _lacking(vendor, lambda key, filled=filled: filled.get(key) or config(key))
        if still.keys() < lacking.keys():
            return dict.fromkeys(lacking.keys() - still.keys(), " and ".join(item.env for item in chosen))
    return {}


def _account(config: Config, vendor: Vendor[Any]) -> Check:
    started = time.monotonic()
    try:
        with operation.operating(operation.Operation(vendor=vendor.name, object="account", budget=_PATIENCE)):
            account = Session(vendor, config.get).account()
    except Exception as error:
        known = errors.worded(error)
        return Check(vendor.title, ERROR, known.summary, known.step)
    taken = (time.monotonic() - started) * 1000
    return Check(vendor.title, OK, f"{vendor.account_name} {secrecy.one_line(account, 60)} ({taken:.0f} ms)")


# --- ranges ---


def _today() -> date:
    return datetime.now(UTC).date()


def _tables(used: set[str] | None = None) -> Iterator[Check]:
    """The newest table of each name and its age, in a line for each that publishes them; ``used``: the others in one."""
    groups: dict[str, dict[str, Table]] = {}
    for table in ranges.tables():
        groups.setdefault(published.group(table.label), {})[table.label] = ranges.newest(table.label)
    for name in sorted(groups if used is None else groups.keys() & used):
        yield _group(name, list(groups[name].values()))
    if used is not None and (rest := sorted(groups.keys() - used)):
        yield Check("others", SKIPPED, f"not used here: {', '.join(rest)}")


def _group(name: str, newest: list[Table]) -> Check:
    """As old as the oldest of them."""
    oldest = min(newest, key=lambda table: table.read)
    age = (_today() - oldest.read).days
    names = f"{counted(len(newest), 'name')}, " if len(newest) > 1 else ""
    detail = f"{names}read {oldest.read}, {counted(age, 'day')} ago"
    step = f"compare it with its source ({oldest.source}), or update xai-telephony" if age > OLD else ""
    return Check(name, WARNING if step else OK, detail, step)


def _registered(found: layout.Project, stack: str, declared: document.Document | None) -> Iterator[Check]:
    """Numbers whose networks are not the newest."""
    if declared is None:
        return
    try:
        known = published.registered(found, stack)
    except cli.PulumiUnavailable:
        known = None
    for effect in published.compare(Path(declared.file), known).effects:
        if effect.differs:
            counts = f"{len(effect.added)} more and {len(effect.removed)} fewer"
            detail = f"the newest table has {counts} networks than are allowed"
            step = f"xtel ranges update {stack}" if effect.declared else published.unnamed(effect)
            yield Check(effect.key, WARNING, detail, step)


# --- packages that hide others ---


def _shadows(folders: Iterable[Path]) -> Iterator[Check]:
    """Files and folders that Python would import in the place of a package, because the program starts beside them."""
    names = sorted({*_LIBRARIES, *_OURS, *sys.stdlib_module_names} - {"test"})
    for folder in sorted(folders):
        for name in names:
            spec = PathFinder.find_spec(name, [str(folder)])
            if spec is None or spec.origin is None:  # a folder without __init__.py hides nothing
                continue
            place = Path(spec.origin).resolve()
            if place.is_relative_to(_home(name)):
                continue
            mine = place.parent if place.name == "__init__.py" else place
            detail = f"{layout.shown(mine)} hides the package {name}"
            yield Check(name, ERROR, detail, f"rename {layout.shown(mine)}")


def _home(name: str) -> Path:
    """Where a package is meant to come from."""
    if name in _OURS:
        return Path(__file__).resolve().parents[2] / name
    if name in sys.stdlib_module_names:
        return Path(sysconfig.get_path("stdlib")).resolve()
    try:
        return Path(str(metadata.distribution("grpcio" if name == "grpc" else name).locate_file(""))).resolve()
    except metadata.PackageNotFoundError:
        return Path(sysconfig.get_path("purelib")).resolve()


def _installed() -> Iterator[Check]:
    """What the state refers to by name must be ours: the engine imports it by that name."""
    folder = Path(__file__).resolve().parents[2]
    for name in ("providers", "stacks", "xai_resources"):
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or not origin.is_relative_to(folder / name):
            detail = f"{name} comes from {origin or 'nowhere'}, not from {folder}"
            yield Check(name, ERROR, detail, "pip uninstall the other one, or `pip install -e .` again")
            return
    yield Check("installation", OK, f"providers, stacks, xai_resources from {layout.shown(folder)}")


# --- what it looks like ---


def _abilities() -> dict[str, dict[str, Any]]:
    return {
        name: {
            capability.value: {"can": ability.able, "text": matrix.cell(ability), "read": ability.read.isoformat()}
            for capability, ability in declared.can.items()
        }
        for name, declared in registry.carriers().items()
    }


def show(report: Report) -> None:
    """Section by section, one line for each check, the next step below it."""
    for name, checks in report.sections.items():
        terminal.line(name, "bold")
        width = max(_NAME, *(len(check.name) for check in checks)) if checks else _NAME
        for check in checks:
            _show(check, width)
        terminal.line("")
    terminal.line("Carriers", "bold")
    _show_carriers()
    terminal.line("  why and how: xtel doctor --json, and README.md")
    terminal.line("")
    if not report.stack:
        terminal.note("xtel doctor STACK looks at what a stack needs")
    bad, warnings = report.count(MISSING, ERROR), report.count(WARNING)
    more = f", {counted(warnings, 'warning')}" if warnings else ""
    if report.ok:
        terminal.line(f"ok: nothing is missing{more}", "green")
    else:
        terminal.line(f"failed: {counted(bad, 'problem')}{more}", "red")


def _show(check: Check, width: int) -> None:
    mark, style = _LOOKS[check.status]
    lines = _folded(check.detail, width)
    terminal.line(f"{mark} {check.status:<7} {check.name:<{width}} {lines[0]}", style)
    for line in lines[1:]:
        terminal.line(f"{'':<{width + 11}}{line}", style)
    if check.step:
        terminal.line(f"{'':<10}next: {check.step}")


def _folded(text: str, width: int) -> list[str]:
    """At words on a terminal; in a pipe or a log every check is one line. A next step is never broken: it is copied."""
    if not sys.stdout.isatty():
        return [text]
    room = max(shutil.get_terminal_size().columns - width - 12, 30)
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def _cells(words: list[str], widths: list[int]) -> str:
    return "".join(f"{word:<{width}}" for word, width in zip(words, widths, strict=True))


def _show_carriers() -> None:
    """Yes or no alone, a line per carrier; the words are in README."""
    found = registry.carriers().values()
    questions = [each for each in Capability if each not in {Capability.CODECS, Capability.SHARED}]
    heads = [each.value.partition(" ")[0] for each in questions]
    first = max(len(each.title) for each in found) + 2
    widths = [max(len(head), 3) + 2 for head in heads]
    terminal.line(f"  {'':<{first}}{_cells(heads, widths)}".rstrip())
    for each in found:
        answers = [each.can.get(question) for question in questions]
        words = ["?" if answer is None else "yes" if answer.able else "no" for answer in answers]
        terminal.line(f"  {each.title:<{first}}{_cells(words, widths)}".rstrip())
