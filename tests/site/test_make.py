"""The Makefile's promises, kept for an interpreter that only takes notes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from site_visit import ROOT

INTERPRETER = """#!/bin/sh
echo "$*" >> calls
case "$*" in
  -c*) exec {python} "$@" ;;
  *venv*)
    rm -rf .venv
    mkdir -p .venv/bin
    cp python .venv/bin/python
    cp python .venv/bin/pip
    ;;
  *requirements*) test ! -e no-network ;;
esac
"""


def apart() -> dict[str, str]:
    """The environment without what the `make` that runs the tests hands down."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}


class Project:
    """A folder with the Makefile and nothing to install."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "Makefile", folder)
        for name in ("requirements.txt", "pyproject.toml"):
            (folder / name).touch()
        program = folder / "python"
        program.write_text(INTERPRETER.format(python=sys.executable))
        program.chmod(0o755)

    def install(self) -> tuple[bool, list[str]]:
        """Run make; return whether it went well, and what it called."""
        log = self.folder / "calls"
        log.unlink(missing_ok=True)
        command = ["make", "PYTHON=./python", ".venv/.installed"]
        done = subprocess.run(
            command, cwd=self.folder, env=apart(), capture_output=True, check=False
        )
        calls = log.read_text().splitlines() if log.exists() else []
        return done.returncode == 0, [c for c in calls if not c.startswith("-c")]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_installs_once(project: Project):
    good, calls = project.install()
    assert good
    assert [call.split()[1] for call in calls] == ["venv", "pip", "pip"]
    assert project.install() == (True, [])


def test_an_interrupted_installation_is_made_anew(project: Project):
    (project.folder / "no-network").touch()
    good, calls = project.install()
    assert not good
    assert len(calls) == 2
    (project.folder / "no-network").unlink()
    good, calls = project.install()
    assert good
    assert [call.split()[1] for call in calls] == ["venv", "pip", "pip"]


def test_new_requirements_are_installed_into_the_same_environment(project: Project):
    project.install()
    stamp = project.folder / ".venv" / ".installed"
    os.utime(stamp, (1, 1))
    good, calls = project.install()
    assert good
    assert [call.split()[1] for call in calls] == ["pip", "pip"]


def test_help_names_every_command():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    promised = set(" ".join(re.findall(r"\.PHONY: (.*)", text)).split())
    shown = subprocess.run(
        ["make"], cwd=ROOT, env=apart(), capture_output=True, text=True, check=True
    )
    assert {line.split()[1] for line in shown.stdout.splitlines()} == promised
