"""Put a working ``pulumi`` into a folder, without root: ``python3 tools/engine/install.py --link .venv/bin``.

`make setup` calls this before any dependency is installed, so it needs the standard library alone. A link that works is
kept. Else the engine is looked for or made in this order, and the first that works is linked:

path    pulumi on PATH, v3.255.0 or newer, with the Python language host beside it or on PATH
cache   what an earlier run left in ${XDG_CACHE_HOME:-~/.cache}/xai-telephony
vendor  the vendor's installer, into a folder of that cache; it changes no shell file
build   go build, from the two Go modules beside this file, through whatever Go module proxy is configured
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn, TextIO, cast

VERSION = "3.258.0"
OLDEST = (3, 255, 0)  # the first that starts a policy pack given as an executable
GO = (1, 25, 11)  # what go.mod of the CLI asks for
GO_THAT_FETCHES = (1, 21)  # the first that can get another Go by itself
INSTALLER = "https://get.pulumi.com"
FETCH_SECONDS = 5  # an attempt that cannot work must not hold up the next one
INSTALLER_SECONDS = 180
METHODS = ("path", "cache", "vendor", "build")

HOST = "pulumi-language-python"
PROGRAMS = ("pulumi", HOST)
SCRIPTS = (("python/cmd", "pulumi-language-python-exec"), ("python/dist", "pulumi-resource-pulumi-python"))
SDK = "github.com/pulumi/pulumi/sdk/v3"


@dataclass(frozen=True)
class Tool:
    """One program that a Go module beside this file builds."""

    output: str
    package: str
    version: str

    @property
    def module(self) -> Path:
        return Path(__file__).resolve().parent / ("language" if self.output == HOST else "cli")

    @property
    def linker_flags(self) -> str:
        return f"-s -w -X {SDK}/go/common/version.Version={self.version}"


CLI = Tool("pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", f"v{VERSION}")
# The host's own module has no version on the proxy; this is the last release of the SDK that still contains it.
LANGUAGE = Tool(HOST, f"{SDK}/python/cmd/pulumi-language-python", "v3.79.0")


class Unavailable(Exception):
    """A method gives no engine here. The text is the reason in one line; ``output`` is what a program it ran said."""

    def __init__(self, reason: str, output: str = "") -> None:
        super().__init__(reason)
        self.output = output


@dataclass(frozen=True)
class Engine:
    """A pulumi that was run and answered. ``pulumi`` is the real file, so no chain of links can lead back to ours."""

    pulumi: Path
    version: str
    origin: str


class Progress:
    """Shows that a long step is alive: a line that updates on a terminal, a plain line now and then in a log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._period = 1.0 if self._live else 20.0
        self._step = ""
        self._started = self._shown = time.monotonic()

    def start(self, step: str, hint: str = "") -> None:
        """Begin a step: said once in full, then repeated by ``tick`` with the time it has taken."""
        self._step = step
        self._started = self._shown = time.monotonic()
        self.say(step + hint)

    def tick(self, detail: str) -> None:
        """Call often: it decides by itself whether it is time to show something."""
        now = time.monotonic()
        if now - self._shown < self._period:
            return
        self._shown = now
        minutes, seconds = divmod(int(now - self._started), 60)
        line = f"{self._step}: {minutes}:{seconds:02d}, {detail}"
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._write(f"\r{line[:width]}\x1b[K")
        else:
            self._write(f"{line}\n")

    def say(self, text: str) -> None:
        self.clear()
        self._write(f"{text}\n")

    def clear(self) -> None:
        if self._live:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


@dataclass(frozen=True)
class Setup:
    """What one run was asked for."""

    link: Path | None
    cache: Path
    installer_url: str
    progress: Progress

    @property
    def built(self) -> Path:
        return self.cache / f"pulumi-v{VERSION}"

    @property
    def installed(self) -> Path:
        """Not the folder of the build: the two differ (only the vendor's host honours `virtualenv:`)."""
        return self.cache / f"pulumi-v{VERSION}-vendor"


def cache_folder() -> Path:
    """Outside the checkout, so that a fresh clone on the same machine does not build again."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (configured if configured.is_absolute() else Path.home() / ".cache") / "xai-telephony"


# Does it work?


def inspect(pulumi: Path, origin: str, elsewhere: str = "") -> Engine:
    """Run ``pulumi``; ``elsewhere`` is a PATH that may hold the language host when it is not beside the real file."""
    version = ask_version(pulumi)
    if numbers(version) < OLDEST:
        raise Unavailable(f"{pulumi} is {version}, older than v{dotted(OLDEST)}")
    real = pulumi.resolve()
    if not executable(real.parent / HOST) and not (elsewhere and shutil.which(HOST, path=elsewhere)):
        raise Unavailable(f"{pulumi} has no {HOST} beside it{' or on PATH' if elsewhere else ''}")
    return Engine(real, version, origin)


def ask_version(pulumi: Path) -> str:
    command, environment = [str(pulumi), "version"], {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    try:
        answer = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{pulumi} does not run: {error}") from None
    version = answer.stdout.decode(errors="replace").strip()
    if answer.returncode or not numbers(version):
        said = one_line(version or answer.stderr.decode(errors="replace"))
        raise Unavailable(f"{pulumi} does not work: `version` exits {answer.returncode}, says {said!r}")
    return version if version.startswith("v") else f"v{version}"


def numbers(version: str) -> tuple[int, ...]:
    """``v3.258.0`` or ``go1.26.8`` as numbers; empty for what is not a version."""
    found = re.match(r"(?:v|go)?(\d+)\.(\d+)(?:\.(\d+))?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def executable(file: Path) -> bool:
    return os.path.isfile(file) and os.access(file, os.X_OK)


def inspect_folder(folder: Path, origin: str) -> Engine:
    """A folder of our cache counts only when complete: what a host lacks shows up in the middle of `pulumi up`."""
    names = [*PROGRAMS, *(name for _, name in SCRIPTS)]
    missing = [name for name in names if not os.path.isfile(folder / "bin" / name)]
    if len(missing) == len(names):
        raise Unavailable(f"nothing in {folder}")
    if missing:
        raise Unavailable(f"{folder} is incomplete, without {', '.join(missing)}")
    return inspect(folder / "bin" / "pulumi", origin)


# Methods that only look


def keep_link(setup: Setup) -> Engine:
    """The link as it stands, also when PATH changed since: a working engine does not change behind a user's back."""
    link = linked(setup)
    if link is None or not os.path.lexists(link):
        raise Unavailable("no link yet")
    if not os.path.isfile(link):
        raise Unavailable(f"{link} is a broken link")
    folder = link.resolve().parent.parent
    if folder in (setup.built.resolve(), setup.installed.resolve()):
        return inspect_folder(folder, "kept")
    return inspect(link, "kept", os.environ.get("PATH", ""))


def linked(setup: Setup) -> Path | None:
    return setup.link / "pulumi" if setup.link else None


def from_path(setup: Setup) -> Engine:
    reasons: list[str] = []
    path = os.environ.get("PATH", "")
    for candidate in on_path(setup, path):
        try:
            if not os.path.exists(candidate):
                raise Unavailable(f"{candidate} is a broken link")
            return inspect(candidate, "found on PATH", path)
        except Unavailable as reason:
            reasons.append(str(reason))
    raise Unavailable("; ".join(reasons) or "no pulumi on PATH")


def on_path(setup: Setup, path: str) -> Iterator[Path]:
    """Every pulumi on PATH but our own link, which is on PATH in an activated environment; broken links too."""
    ours = setup.link.resolve() if setup.link else None
    for folder in dict.fromkeys(Path(entry) for entry in path.split(os.pathsep) if entry):
        candidate = folder.absolute() / "pulumi"
        if not executable(candidate) and not os.path.islink(candidate):
            continue
        if ours not in (folder.resolve(), candidate.resolve().parent):
            yield candidate


def from_cache(setup: Setup) -> Engine:
    try:
        return inspect_folder(setup.installed, "from our cache, the vendor's build")
    except Unavailable:
        return inspect_folder(setup.built, "from our cache, built by Go")


# Methods that install, under the lock


@contextlib.contextmanager
def locked(setup: Setup) -> Generator[None]:
    """One installation at a time on this machine; whoever waits finds the result of the other in the cache."""
    setup.cache.mkdir(parents=True, exist_ok=True)
    with (setup.cache / "engine.lock").open("w") as lock:
        if not try_lock(lock):
            setup.progress.start("Waiting for another set-up, which installs the engine right now")
            while not try_lock(lock):
                setup.progress.tick("still waiting")
                time.sleep(0.2)
            setup.progress.clear()
        for leftover in setup.cache.glob(".pulumi-v*"):  # of a set-up that was killed outright
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def staged(final: Path) -> Generator[Path]:
    """A folder beside ``final`` that gets its name only when everything in it works: nothing half-made is ever seen."""
    staging = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
    staging.chmod(0o755)  # mkdtemp makes it private; a cache that root filled serves other users too
    try:
        yield staging
        inspect_folder(staging, "")
        shutil.rmtree(final, ignore_errors=True)  # only ever a broken one: a working one would have been used
        staging.rename(final)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def from_vendor(setup: Setup) -> Engine:
    with contextlib.suppress(Unavailable):
        return inspect_folder(setup.installed, "from our cache, the vendor's build")
    script = fetch(setup.installer_url)
    setup.progress.start(f"Installing pulumi v{VERSION} with the vendor's installer")
    with staged(setup.installed) as folder, tempfile.TemporaryFile() as source:
        source.write(script)
        source.seek(0)
        options = ["--version", VERSION, "--install-root", str(folder), "--no-edit-path"]
        run(["sh", "-s", "--", *options], setup.progress, stdin=source, seconds=INSTALLER_SECONDS)
    return inspect_folder(setup.installed, "by the vendor's installer")


def fetch(url: str) -> bytes:
    """The installer's text. In a thread, because a look-up of a name that nobody answers knows no time limit."""
    import urllib.request  # here, because no other run needs it and it is slow to import

    answer: list[bytes | Exception] = []

    def read() -> None:
        request = urllib.request.Request(url, headers={"User-Agent": "xai-telephony"})
        try:
            with urllib.request.urlopen(request, timeout=FETCH_SECONDS) as response:
                answer.append(response.read(1 << 20))
        except Exception as error:
            answer.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(FETCH_SECONDS)
    script = answer[0] if answer else TimeoutError(f"no answer in {FETCH_SECONDS} s")
    if isinstance(script, Exception):
        raise Unavailable(f"{url} cannot be fetched: {one_line(str(script))}")
    if not script.startswith(b"#!"):  # a captive portal, a block page
        raise Unavailable(f"{url} did not answer with a shell script")
    return script


def from_build(setup: Setup) -> Engine:
    with contextlib.suppress(Unavailable):
        return inspect_folder(setup.built, "from our cache, built by Go")
    go, environment, version = find_go(setup.cache)
    setup.progress.say(f"Building pulumi v{VERSION} with {version}: about 5 minutes on 2 cores, the first time.")
    with staged(setup.built) as folder:
        (folder / "bin").mkdir()
        for number, tool in enumerate((LANGUAGE, CLI), start=1):
            setup.progress.start(f"Building {tool.output} ({number} of 2)")
            watch = GoBuild(tool.package)
            run(build_command(go, tool, folder), setup.progress, watch=watch, cwd=tool.module, env=environment)
        copy_scripts(go, environment, folder / "bin")
    return inspect_folder(setup.built, "built by Go")


def find_go(anywhere: Path) -> tuple[str, Mapping[str, str], str]:
    """Go, the environment to build in, its name; asked in ``anywhere``, as in a module Go may switch by itself."""
    go = shutil.which("go")
    if go is None:
        raise Unavailable("go is not on PATH")
    names = ("GOVERSION", "GOTOOLCHAIN", "GOHOSTOS", "GOHOSTARCH")
    answer = quick([go, "env", "-json", *names], anywhere, {**os.environ, "GOWORK": "off"})
    try:
        facts = cast("dict[str, str]", json.loads(answer))
        version, toolchain = facts["GOVERSION"], facts.get("GOTOOLCHAIN", "local")
        system = {"GOOS": facts["GOHOSTOS"], "GOARCH": facts["GOHOSTARCH"]}
    except (ValueError, KeyError):
        raise Unavailable(f"{go} does not say its version, it may be too old: {one_line(answer)!r}") from None
    # Everything of a user's that would change the build. The proxy and its credentials stay as they are.
    fixed = {"GOFLAGS": "-mod=readonly", "GOWORK": "off", "GO111MODULE": "on", "CGO_ENABLED": "0", **system}
    fetched = switch(version, toolchain)
    named = f"{version}, which fetches Go {dotted(GO)}" if fetched else version
    return go, {**os.environ, **fixed, **fetched}, named


def switch(version: str, toolchain: str) -> dict[str, str]:
    """What makes an older Go fetch the one that is needed: for both modules, as Go before 1.24 cannot read ours."""
    if numbers(version) >= GO:
        return {}
    needed = dotted(GO)
    if numbers(version) < GO_THAT_FETCHES:
        raise Unavailable(f"{version} is too old: {needed} is needed, or {dotted(GO_THAT_FETCHES)}, which can fetch it")
    mode = toolchain.rpartition("+")[2]
    if mode not in ("auto", "path"):
        raise Unavailable(f"{version} is too old: {needed} is needed, which GOTOOLCHAIN={toolchain} forbids to fetch")
    return {"GOTOOLCHAIN": f"go{needed}" if mode == "auto" else f"go{needed}+path"}


def build_command(go: str, tool: Tool, folder: Path) -> list[str]:
    output = str(folder / "bin" / tool.output)
    return [go, "build", "-v", "-mod=readonly", "-ldflags", tool.linker_flags, "-o", output, tool.package]


def copy_scripts(go: str, environment: Mapping[str, str], target: Path) -> None:
    """The vendor's two small scripts go beside the binaries, from the same release as the CLI."""
    source = quick([go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", SDK], CLI.module, environment).strip()
    try:
        for folder, name in SCRIPTS:
            shutil.copyfile(Path(source, folder, name), target / name)
            (target / name).chmod(0o755)
    except OSError as error:
        raise Unavailable(f"{SDK} in Go's module cache lacks a script of the language host: {error}") from None


# Running programs


class GoBuild:
    """What go build is doing, from its output: modules as they are fetched, packages as they are compiled."""

    def __init__(self, main: str) -> None:
        self._main = main
        self._modules = self._packages = 0
        self.state = "loading packages"

    def __call__(self, line: str) -> bool:
        """Take a line; True when it is progress, False when it is something to say in an error."""
        if line.startswith("go: downloading "):
            self._modules += 1
            self.state = f"{self._modules} modules fetched, {line.removeprefix('go: ')}"
        elif line == self._main:
            self.state = "linking"
        elif re.fullmatch(r"[\w.~+/-]+", line):
            self._packages += 1
            self.state = f"{self._packages} packages compiled"
        else:
            return False
        return True


def run(
    command: list[str],
    progress: Progress,
    *,
    watch: GoBuild | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: IO[bytes] | None = None,
    seconds: float | None = None,
) -> None:
    """Run a long program, show that it lives, and never leave it behind: its own process group ends with us."""
    said: list[str] = []
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        for line in lines(process, seconds):
            if line and not (watch and watch(line)):
                said.append(line)
            progress.tick(watch.state if watch else one_line(said[-1] if said else "started"))
        code = process.wait()
    except TimeoutError:
        raise Unavailable(f"{command[0]} took longer than {seconds:.0f} s", "\n".join(said[-15:])) from None
    finally:
        end(process)
        progress.clear()
    if code:
        complaints = [line for line in said if not line.startswith("#")] or ["it said nothing"]
        reason = complaints[0 if watch else -1]  # a compiler's first counts, an installer's last
        raise Unavailable(f"{Path(command[0]).name} exits {code}: {one_line(reason)}", "\n".join(said[-15:]))


def lines(process: subprocess.Popen[bytes], seconds: float | None) -> Iterator[str]:
    """The program's lines as they come, and an empty one at least every half second, for whoever shows the time."""
    assert process.stdout is not None
    deadline = time.monotonic() + seconds if seconds else None
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if deadline and time.monotonic() > deadline:
                raise TimeoutError
            if selector.select(0.5):
                chunk = os.read(process.stdout.fileno(), 1 << 16)
                if not chunk:
                    break
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line.decode(errors="replace").rstrip() for line in whole)
            yield ""
    yield rest.decode(errors="replace").rstrip()


def end(process: subprocess.Popen[bytes]) -> None:
    """The group, not the process alone: a compiler's or an installer's children would go on working."""
    if process.poll() is None:
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, how)
                process.wait(timeout=3)
                break
    if process.stdout:
        process.stdout.close()


def quick(command: list[str], cwd: Path, env: Mapping[str, str]) -> str:
    """The output of a command that only asks."""
    try:
        answer = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]} does not run: {error}") from None
    if answer.returncode:
        shown = " ".join(command[:3])
        raise Unavailable(f"`{shown}` exits {answer.returncode}: {one_line(answer.stderr)}", answer.stderr)
    return answer.stdout


def one_line(text: str) -> str:
    return " ".join(text.split())[:300]


# The whole


class Search:
    """Tries methods one after the other and remembers why each gave nothing."""

    def __init__(self, setup: Setup) -> None:
        self.failures: dict[str, Unavailable] = {}
        self._setup = setup

    def attempt(self, name: str, method: Callable[[Setup], Engine]) -> Engine | None:
        try:
            return method(self._setup)
        except Unavailable as failure:
            self.failures[name] = failure
        except OSError as error:  # a full disk, a cache that cannot be written
            self.failures[name] = Unavailable(one_line(str(error)))
        return None

    def look(self, only: str) -> Engine | None:
        """What is there already, without installing anything."""
        found = None if only else self.attempt("link", keep_link)
        if not found and only in ("", "path"):
            found = self.attempt("path", from_path)
        if not found and only in ("", "cache"):
            found = self.attempt("cache", from_cache)
        return found

    def install(self, only: str) -> Engine | None:
        """The cache is asked again under the lock: another set-up may have filled it meanwhile."""
        steps = {"cache": from_cache, "vendor": from_vendor, "build": from_build}
        chosen = [name for name in steps if only in ("", name)]
        try:
            with locked(self._setup):
                return next(filter(None, (self.attempt(name, steps[name]) for name in chosen)), None)
        except OSError as error:
            self.failures.update({name: Unavailable(one_line(str(error))) for name in chosen})
        return None

    def report(self) -> str:
        """What was tried, why it failed, what helps."""
        rows = [f"  {name:7} {failure}" for name, failure in self.failures.items() if name != "link"]
        said = [
            f"\nThe last that `{name}` said:\n    " + failure.output.strip().replace("\n", "\n    ")
            for name, failure in self.failures.items()
            if "\n" in failure.output.strip()
        ]
        return "\n".join(
            [
                f"No Pulumi engine could be set up. Tried (see {Path(__file__).name} --help):",
                *rows,
                "Any one of these helps; then run this again:",
                f"  - install the Pulumi CLI, v{dotted(OLDEST)} or newer, so that it is on PATH;",
                f"  - let this machine reach {INSTALLER}, for the vendor's installer (it needs curl and tar);",
                f"  - install Go {dotted(GO)} or newer (from {dotted(GO_THAT_FETCHES)} on, Go can fetch that itself).",
                *said,
            ]
        )


def put_link(folder: Path, engine: Engine) -> Path:
    """Replace in one step, so that nobody finds no pulumi, and only a link: a file there was put by somebody else."""
    link = folder / "pulumi"
    if link.resolve() != engine.pulumi:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".pulumi.{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(engine.pulumi)
        fresh.replace(link)
    return link


def refuse_foreign(setup: Setup) -> None:
    """Said before minutes of building, not after."""
    link = linked(setup)
    if link and os.path.lexists(link) and not os.path.islink(link):
        try:
            keep_link(setup)
        except (Unavailable, OSError) as reason:
            sys.exit(f"{link} is not a link of ours and does not work; move it away and run this again. ({reason})")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"XTEL_ENGINE={'|'.join(METHODS)} allows one method alone and looks at no link that is there.\n"
        "XDG_CACHE_HOME moves the cache. Exit: 0 linked, 1 no engine could be set up, 2 wrong usage, 130 interrupted.",
    )
    parser.add_argument("--link", type=Path, metavar="FOLDER", help="put `pulumi` here, as a link to the real file")
    show = "print the folder of the engine that is there; install nothing"
    parser.add_argument("--print", action="store_true", dest="show", help=show)
    parser.add_argument("--installer-url", default=INSTALLER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.link and not options.show:
        parser.error("--link FOLDER is needed")
    options.only = os.environ.get("XTEL_ENGINE", "")
    if options.only and options.only not in METHODS:
        parser.error(f"XTEL_ENGINE={options.only}: not one of {', '.join(METHODS)}")
    return options


def stop(number: int, _frame: object) -> NoReturn:
    """End through the `finally` clauses, which stop the compiler and remove what is half-made."""
    sys.exit(128 + number)


def main() -> int:
    options = arguments()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) != signal.SIG_IGN:  # as nohup leaves it
            signal.signal(ending, stop)
    progress = Progress(sys.stderr)
    setup = Setup(options.link, cache_folder(), options.installer_url, progress)
    if not options.show:
        refuse_foreign(setup)
    search = Search(setup)
    engine = search.look(options.only)
    if engine is None and not options.show and options.only in ("", "vendor", "build"):
        engine = search.install(options.only)
    if engine is None:
        progress.say("no engine yet" if options.show else search.report())
        return 1
    if options.show:
        print(engine.pulumi.parent)
        return 0
    link = put_link(options.link, engine)
    print(f"pulumi {engine.version} ({engine.origin}): {link} -> {engine.pulumi}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
