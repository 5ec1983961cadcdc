"""Lint the pipelines that `xtel new --ci` writes: actionlint for GitHub's workflows, published schemas for both.

actionlint is built by Go from its module, once, into the cache where the Pulumi engine lies too. Exit: 0 nothing found,
1 something found, or no actionlint could be made here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from engine.install import Unavailable, cache_folder, find_go, quick

VERSION = "v1.7.12"
MODULE = "github.com/rhysd/actionlint/cmd/actionlint"
ROOT = Path(__file__).resolve().parent.parent
_BIN = Path(sysconfig.get_path("scripts"))
_SECONDS = 300


def actionlint() -> Path:
    """The program, built unless it is there."""
    cache = cache_folder()
    program = cache / f"actionlint-{VERSION}" / "actionlint"
    if not program.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        go, environment, version = find_go(cache)
        print(f"workflows: building actionlint {VERSION} with {version}, once", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix=".actionlint-", dir=cache) as made:
            quick([go, "install", f"{MODULE}@{VERSION}"], cache, {**environment, "GOBIN": made})
            program.parent.mkdir(exist_ok=True)
            shutil.move(Path(made, "actionlint"), program)
    return program


def render(folder: Path) -> dict[str, list[Path]]:
    """Projects with one stack and with three, for either system; their pipelines by the schema that judges them."""
    for system in ("github", "gitlab"):
        one, three = folder / f"{system}-one", folder / f"{system}-three"
        ask("new", str(one), "--stack", "prod")
        shutil.copytree(one, three)
        for stack in ("eu-west.1", "us_2"):
            shutil.copy(three / "stacks/prod.yaml", three / f"stacks/{stack}.yaml")
        for project in (one, three):
            ask("new", str(project), "--ci", system)
    ours = sorted((ROOT / ".github/workflows").glob("*.y*ml"))
    return {
        "vendor.github-workflows": [*sorted(folder.glob("*/.github/workflows/*.yml")), *ours],
        "vendor.gitlab-ci": sorted(folder.glob("*/.gitlab-ci.yml")),
    }


def ask(*arguments: str) -> None:
    done = subprocess.run(
        [str(_BIN / "xtel"), *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        sys.exit(f"xtel {' '.join(arguments)}: {done.stderr}")


def main() -> int:
    try:
        program = actionlint()
    except Unavailable as failure:
        print(f"error: no actionlint: {failure}; next: install Go 1.25 or newer", file=sys.stderr)
        return 1
    failed = 0
    with tempfile.TemporaryDirectory(prefix="xtel-workflows-") as folder:
        found = render(Path(folder))
        workflows = found["vendor.github-workflows"]
        # What else happens to be on this machine must not decide: no shellcheck, no pyflakes.
        command = [str(program), "-no-color", "-shellcheck=", "-pyflakes=", *map(str, workflows)]
        failed |= subprocess.run(command, timeout=_SECONDS, check=False).returncode
        for schema, files in found.items():
            command = [str(_BIN / "check-jsonschema"), "-q", "--builtin-schema", schema, *map(str, files)]
            failed |= subprocess.run(command, timeout=_SECONDS, check=False).returncode
        print(f"workflows: {sum(map(len, found.values()))} files, {'something' if failed else 'nothing'} found")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
