"""A book that is run as other processors would: what differs is named."""

import nbformat.v4 as v4
import pytest

from edulib.authoring.commands import main
from edulib.authoring.execute import execute
from edulib.authoring.notebooks import read, write
from edulib.authoring.processors import Processor, differences, processors

LEVEL = Processor("other", {"ATEN_CPU_CAPABILITY": "default", "EOV_THREADS": "2"})


@pytest.fixture
def notebook(tmp_path):
    def make(*sources):
        path = tmp_path / "chapter.ipynb"
        write(v4.new_notebook(cells=[v4.new_code_cell(s) for s in sources]), path)
        execute(path)
        return path

    return make


def test_a_cell_that_depends_on_the_processor_is_named(notebook):
    path = notebook(
        "print('the same')",
        "import os\nprint('level', os.environ.get('ATEN_CPU_CAPABILITY', 'own'))",
    )
    before = path.read_bytes()
    (line,) = differences(path, LEVEL)
    assert line.startswith("cell 1 ('import os')")
    assert "level own" in line
    assert "level default" in line
    assert path.read_bytes() == before


def test_what_is_the_same_everywhere_is_not_named(notebook):
    assert differences(notebook("print(sum(range(10)))"), LEVEL) == []


def test_a_cell_that_reads_a_clock_is_not_compared(notebook):
    path = notebook("import os\nprint(os.environ.get('ATEN_CPU_CAPABILITY'))")
    stored = read(path)
    stored.cells[0].metadata.tags = ["nbval-ignore-output"]
    write(stored, path)
    assert differences(path, LEVEL) == []


def test_a_verdict_that_fails_elsewhere_is_named(notebook):
    path = notebook("import os\nassert 'ATEN_CPU_CAPABILITY' not in os.environ")
    (line,) = differences(path, LEVEL)
    assert "AssertionError" in line


def test_the_set_up_takes_the_threads_that_are_asked_for(notebook):
    path = notebook(
        "import torch\nfrom edulib.notebook import setup\nsetup();",
        "print(torch.get_num_threads(), 'threads')",
    )
    assert read(path).cells[1].outputs[0].text == "1 threads\n"
    (line,) = differences(path, LEVEL)
    assert "2 threads" in line


def test_each_instruction_set_is_run_on_one_and_on_two_threads():
    names = [processor.name for processor in processors()]
    assert names[:4] == [
        *("default, 1 thread", "default, 2 threads"),
        *("avx2, 1 thread", "avx2, 2 threads"),
    ]


def test_the_command_says_what_differs(notebook, tmp_path, capsys, monkeypatch):
    (tmp_path / "_toc.yml").touch()
    (tmp_path / "book").mkdir()
    monkeypatch.setattr("edulib.authoring.processors.processors", lambda: (LEVEL,))
    path = notebook("import os\nprint(os.environ.get('EOV_THREADS'))")
    assert main(["processors", str(path)]) == 1
    assert "other: cell 0 ('import os')" in capsys.readouterr().out
    assert main(["processors", str(notebook("print(1)"))]) == 0
