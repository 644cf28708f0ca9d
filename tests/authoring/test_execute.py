import os
import signal
import subprocess
import sys
import time

import pytest
from nbformat import v4
from sample_chapter import code

from edulib.authoring.commands import main
from edulib.authoring.execute import ExecutionError, execute
from edulib.authoring.notebooks import read, write

CELLS = [
    v4.new_markdown_cell("# Title"),
    code("import os, random\nprint(os.environ['EOV_STATIC'], 'a')"),
    code("print('b')\nprint('c')\n{'z': 1, 'a': {2, 1}}"),
    code("from edulib.notebook import chapter_header\nchapter_header('lenet')"),
    code("from tqdm import tqdm\nfor _ in tqdm(range(3)): pass"),
]


@pytest.fixture
def notebook(tmp_path):
    (tmp_path / "book" / "foundations").mkdir(parents=True)
    (tmp_path / "_toc.yml").touch()
    path = tmp_path / "book" / "foundations" / "x.ipynb"

    def make(*cells):
        write(v4.new_notebook(cells=list(cells)), path)
        return path

    return make


def test_two_runs_give_the_same_file(notebook):
    path = notebook(*CELLS)
    execute(path)
    first = path.read_bytes()
    execute(path)
    assert path.read_bytes() == first
    cells = read(path).cells
    assert cells[1].outputs[0].text == "1 a\n"
    assert cells[2].outputs[0].text == "b\nc\n"
    assert "eov-card" in cells[3].outputs[0].data["text/html"]
    assert cells[4].outputs == []
    assert [cell.get("execution_count") for cell in cells] == [None, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ok = 1\nprint(missing)", r"cell 1 \('ok = 1'\) raised NameError"),
        ("import warnings\nwarnings.warn('old')", "cell 1 writes to stderr.*old"),
        ("import os\nos._exit(1)", "the kernel died in cell 1"),
    ],
)
def test_a_notebook_that_fails_is_left_as_it_was(notebook, source, message):
    path = notebook(code("1"), code(source))
    before = path.read_bytes()
    with pytest.raises(ExecutionError, match=message):
        execute(path)
    assert path.read_bytes() == before


def test_a_cell_without_end_is_stopped(notebook):
    path = notebook(code("while True: pass"))
    with pytest.raises(ExecutionError, match="cell 0 took more than 1 s"):
        execute(path, timeout=1)


def test_the_command_goes_on_after_a_failure_and_reports_it(notebook, capsys):
    path = notebook(code("1 / 0"))
    good = path.with_name("y.ipynb")
    write(v4.new_notebook(cells=[code("'fine'")]), good)
    assert main(["execute", str(path), str(good)]) == 1
    out, err = capsys.readouterr()
    assert "x.ipynb: failed and left as it was: cell 0" in err
    assert "y.ipynb" in out
    assert "fine" in read(good).cells[0].outputs[0].data["text/plain"]


EAGER = """
import asyncio, sys
from edulib.authoring.commands import main
from nbclient import NotebookClient

async def look_often(client):
    while True:
        await asyncio.sleep(0.001)
        try:
            await client._async_check_alive()
        except RuntimeError:
            client.task_poll_for_reply.cancel()
            return

NotebookClient._async_poll_kernel_alive = look_often
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.parametrize("python", [["-m", "edulib.authoring"], ["-c", EAGER]])
def test_ctrl_c_ends_the_kernel_and_leaves_the_notebook(notebook, tmp_path, python):
    sign = tmp_path / "started"
    path = notebook(
        code(f"import os\nopen({str(sign)!r}, 'w').write(str(os.getpid()))"),
        code("while True: pass"),
    )
    before = path.read_bytes()
    command = [sys.executable, *python, "execute", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (sign.exists() and sign.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith("stopped; nothing half-written is kept\n")
    assert "Traceback" not in err  # old kernels write warnings of their own
    assert path.read_bytes() == before
    with pytest.raises(ProcessLookupError):
        os.kill(int(sign.read_text()), 0)


def test_no_gpu_is_used(notebook):
    path = notebook(code("import os\nos.environ['CUDA_VISIBLE_DEVICES']"))
    execute(path)
    assert read(path).cells[0].outputs[0].data["text/plain"] == "'-1'"
    assert os.environ.get("EOV_STATIC") is None
