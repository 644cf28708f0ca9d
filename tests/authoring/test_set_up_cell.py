"""The first cell of a chapter, run as a host runs it that lacks the package.

Everything is made here: an index of tiny packages, and an environment with older
torch, numpy and protobuf than that index has. The environment sees nothing else.
"""

import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest

from edulib.authoring.edition import package_source
from edulib.authoring.execute import refresh_set_up
from edulib.authoring.lint.cells import SET_UP

SHELL = re.compile(r"^(\s*)!(.*)$", re.MULTILINE)
LIST = (
    "from importlib.metadata import distributions\n"
    "print({d.name: d.version for d in distributions()})"
)
OURS = (
    "def setup():\n    print('ready')\n",
    "Requires-Dist: torch>=2.6\nRequires-Dist: pictures\nRequires-Dist: graphs\n",
)


def make_wheel(folder: Path, name: str, version: str, needs: str = "", **modules: str):
    """Write a package of Python files, as pip installs it."""
    info = f"{name}-{version}.dist-info"
    files = {f"{path}.py": text for path, text in modules.items()}
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
    )
    files[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, text)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Packages of which the newest want a newer numpy or protobuf than the host's."""
    folder = tmp_path_factory.mktemp("index")
    for version in ("2.6.0+cu124", "2.14.1"):
        make_wheel(folder, "torch", version, torch="")
    for version in ("1.26.4", "2.4.6"):
        make_wheel(folder, "numpy", version, numpy="")
    make_wheel(folder, "pictures", "1.0", "Requires-Dist: numpy>=1.26\n", pictures="")
    make_wheel(folder, "pictures", "2.0", "Requires-Dist: numpy>=2\n", pictures="")
    for version in ("5.29.6", "7.36.2"):
        make_wheel(folder, "protobuf", version)
    make_wheel(folder, "graphs", "1.0", "Requires-Dist: protobuf>=4\n", graphs="")
    make_wheel(folder, "graphs", "2.0", "Requires-Dist: protobuf>=6\n", graphs="")
    source, needs = OURS
    package = {"edulib/__init__": "", "edulib/notebook": source}
    make_wheel(folder, "eras_of_vision", "0.1.0", needs, **package)
    return folder


@pytest.fixture
def host(tmp_path, index):
    """The Python of an environment that has older versions than the index."""
    venv.create(tmp_path / "host", with_pip=True)
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    python = tmp_path / "host" / scripts / "python"
    older = ["torch==2.6.0+cu124", "numpy==1.26.4", "protobuf==5.29.6"]
    pip(python, index, *older)
    return python


def environment(index):
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_CONFIG_FILE": "/"}


def pip(python, index, *arguments):
    command = [python, "-m", "pip", "install", "-q", *arguments]
    subprocess.run(command, env=environment(index), check=True)


def versions(python):
    done = subprocess.run([python, "-c", LIST], capture_output=True, check=True)
    return eval(done.stdout)


def run_cell(python, index):
    """Run the set-up cell as IPython does, the repository replaced by the index."""
    cell = SET_UP.replace(package_source(), "eras-of-vision")
    assert cell != SET_UP
    code = SHELL.sub(r"\1import os; os.system(f'''\2''')", cell)
    assert "os.system" in code
    return subprocess.run(
        [python, "-c", code],
        env=environment(index),
        cwd=python.parent,
        capture_output=True,
        text=True,
    )


def test_it_installs_what_is_missing_and_keeps_the_hosts_own(host, index):
    done = run_cell(host, index)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ready\n"
    found = versions(host)
    assert found["torch"] == "2.6.0+cu124"
    assert found["numpy"] == "1.26.4"
    assert found["protobuf"] == "5.29.6"
    assert (found["pictures"], found["graphs"]) == ("1.0", "1.0")


def test_a_plain_installation_would_replace_numpy_and_protobuf(host, index):
    pip(host, index, "eras-of-vision")
    found = versions(host)
    assert (found["numpy"], found["protobuf"]) == ("2.4.6", "7.36.2")


def test_where_the_package_is_nothing_is_installed(host, index):
    make_wheel(
        index, "elsewhere", "1.0", **{"edulib/__init__": "", "edulib/notebook": OURS[0]}
    )
    pip(host, index, "elsewhere")
    before = versions(host)
    done = run_cell(host, index)
    assert done.stdout == "ready\n"
    assert versions(host) == before


def test_a_host_that_is_too_old_is_told_so_and_left_alone(tmp_path, index, host):
    make_wheel(index, "torch", "2.5.0", torch="")
    pip(host, index, "torch==2.5.0")
    done = run_cell(host, index)
    assert done.returncode == 1
    assert "Cannot install eras-of-vision==0.1.0 and torch==2.5.0" in done.stderr
    assert versions(host)["torch"] == "2.5.0"


def test_executing_a_chapter_refreshes_its_set_up_cell():
    old = "# @title Set-up\nfrom edulib.notebook import setup\nlab = setup()"
    cells = [nbformat.v4.new_code_cell(text) for text in (old, "print(1)")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    refresh_set_up(notebook)
    assert [cell.source for cell in notebook.cells] == [SET_UP, "print(1)"]
