"""The built wheel, installed where nothing of the checkout is: everything it needs is in it, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from stacks import document
from tests.conftest import ROOT, Sandbox
from tests.engine.conftest import Project

OURS = ("providers", "xai_resources", "stacks", "xtel", "sandbox", "signaling", "templates")


def ran(*command: str | Path, cwd: Path, **env: str) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=os.environ | env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout as it stands."""
    folder = tmp_path_factory.mktemp("dist")
    ran(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``bin`` of an environment that holds the wheel and shares our dependencies, but not our checkout.

    A folder named in a .pth file is searched, but the .pth files in it are not read: the editable install stays out.
    """
    folder = tmp_path_factory.mktemp("installed")
    ran(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    bin, (packages,) = folder / "bin", folder.glob("lib/python*/site-packages")
    shared = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "dependencies.pth").write_text("".join(f"{path}\n" for path in sorted(shared)))
    pip = (sys.executable, "-m", "pip", "--python", bin / "python", "--quiet", "--disable-pip-version-check")
    ran(*pip, "install", "--no-deps", "--no-index", "--no-compile", wheel, cwd=folder)
    pulumi = shutil.which("pulumi", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert pulumi
    (bin / "pulumi").symlink_to(Path(pulumi).resolve())
    return bin


@pytest.mark.engine
def test_what_is_in_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = {name for name in names if ".dist-info/" in name}
    assert {name.split("/")[0] for name in names - metadata} == set(OURS)
    lying = {
        path.relative_to(ROOT).as_posix()
        for room in OURS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    examples = {
        path.relative_to(ROOT).as_posix() for suffix in ("yaml", "md") for path in (ROOT / "stacks").glob(f"*.{suffix}")
    }
    assert names - metadata == lying - examples
    assert {"sandbox/seed.json", "templates/new/stack.yaml.j2"} <= names
    assert {f"{room}/py.typed" for room in ("providers", "xai_resources", "stacks", "xtel")} <= names
    assert any(name.endswith("entry_points.txt") for name in metadata)


@pytest.mark.engine
def test_it_works_away_from_the_checkout(
    programs: Path, tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Validate, begin a project, and preview the demo's program: all with the wheel's packages."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    project = _demo(Project(tmp_path, sandbox), programs)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    script = f"import json, {', '.join(OURS)}; print(json.dumps([m.__file__ for m in ({', '.join(OURS)})]))"
    for file in json.loads(ran(programs / "python3", "-c", script, cwd=elsewhere)):
        assert Path(file).is_relative_to(programs.parent)

    stack_file = project.folder / "stacks/sandbox.yaml"
    count = len(document.read(stack_file).numbers)
    assert ran(programs / "xtel", "validate", stack_file, cwd=elsewhere).startswith(f"ok: {count} numbers in ")
    made = json.loads(ran(programs / "xtel", "new", "phones", "--json", cwd=elsewhere, **project.env))
    assert made["selected"]
    assert ("stacks/schema/stack.json" in made["files"]) == (ROOT / "stacks/schema/stack.json").is_file()

    summary = json.loads(project.run("preview", "--json", "--stack", "sandbox"))["changeSummary"]
    assert list(summary) == ["create"]
    assert summary["create"] > count
    assert Path((project.folder / "used").read_text()).is_relative_to(programs.parent)


def _demo(project: Project, programs: Path) -> Project:
    """The demo's program and files in a folder of its own, run by the Python that holds the wheel."""
    for name in ("Pulumi.sandbox.yaml", "stacks/sandbox.yaml"):
        shutil.copy(ROOT / name, project.folder / name)
    with (project.folder / "__main__.py").open("a") as program:
        program.write("\nimport pathlib, providers\npathlib.Path('used').write_text(providers.__file__)\n")
    (project.folder / ".venv").unlink()
    (project.folder / ".venv").symlink_to(programs.parent)
    project.env |= {"PATH": f"{programs}{os.pathsep}{os.defpath}", "PULUMI_CONFIG_PASSPHRASE": "sandbox"}
    project.run("stack", "select", "--create", "sandbox")
    return project


def test_no_dependency_ships_a_package_named_like_one_of_ours() -> None:
    """Two distributions in one folder of site-packages would overwrite each other's files."""
    owners = packages_distributions()
    assert {name: set(owners.get(name, [])) - {"xai-telephony"} for name in OURS} == {name: set() for name in OURS}
