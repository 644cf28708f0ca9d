"""Run chapters and store their outputs: two runs give the same files."""

import os
import sys
import time
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from edulib.authoring.compress_figures import shrink_figures
from edulib.authoring.lint.cells import SET_UP
from edulib.authoring.notebooks import read, write

ENVIRONMENT = {
    "EOV_STATIC": "1",
    "TQDM_DISABLE": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
_STORED = {**ENVIRONMENT, "EOV_STORED": "1"}
_SET_UP_TITLE = SET_UP.splitlines()[0] + "\n"
_ARGUMENTS = "-m ipykernel_launcher -f {connection_file} --log-level=CRITICAL".split()


class ExecutionError(RuntimeError):
    """A notebook that did not run to its end, or not cleanly."""


def execute(path: Path, *, timeout: int = 300) -> float:
    """Run a notebook and, if every cell succeeds, store its outputs in it.

    It runs at the scale of a CPU even where there is a GPU, as the page shows it. A
    notebook that fails is left as it was.

    Args:
        path: the notebook.
        timeout: seconds that one cell may take.

    Returns:
        How many seconds it took, with the start of the kernel.

    Raises:
        ExecutionError: if a cell fails, takes too long, or writes to stderr; the
            message names the cell.
    """
    notebook = read(path)
    refresh_set_up(notebook)
    started = time.perf_counter()
    run(notebook, path.parent, environment=_STORED, timeout=timeout)
    seconds = time.perf_counter() - started
    _refuse_noise(notebook)
    shrink_figures(notebook)
    write(notebook, path)
    return seconds


def refresh_set_up(notebook: NotebookNode) -> None:
    """Give a notebook that has a set-up cell today's words of it."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.startswith(_SET_UP_TITLE):
            cell.source = SET_UP


def run(
    notebook: NotebookNode, folder: Path, *, environment: dict[str, str], timeout: int
) -> None:
    """Run the cells of a notebook with this interpreter and keep their outputs.

    Raises:
        ExecutionError: if a cell fails or takes too long.
        KeyboardInterrupt: on Ctrl-C; the kernel is ended.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    started: list[int] = []
    client.on_cell_start = lambda cell, cell_index: started.append(cell_index)
    client.km = client.create_kernel_manager()
    spec = client.km.kernel_spec
    spec.argv = [sys.executable, *_ARGUMENTS]
    try:
        client.execute(env={**os.environ, **environment})
    except Exception as error:
        if _was_stopped(error, client):
            raise KeyboardInterrupt from None
        if isinstance(error, CellTimeoutError):
            words = f"cell {started[-1]} took more than {timeout} s"
        elif isinstance(error, DeadKernelError):
            words = f"the kernel died in cell {started[-1]}: was the memory full?"
        elif isinstance(error, CellExecutionError):
            words = _explain(notebook, error)
        else:
            raise
        raise ExecutionError(words) from None


def _was_stopped(error: Exception, client: NotebookClient) -> bool:
    """Whether a signal came: nbclient ends the kernel, and then finds it dead or gone.

    Which of the two it finds first, and as which error, is a matter of chance.
    """
    if isinstance(error, CellExecutionError):
        return error.ename == "KeyboardInterrupt"
    return hasattr(client, "_async_cleanup_kernel_future")


def _refuse_noise(notebook: NotebookNode) -> None:
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise ExecutionError(
                    f"cell {number} writes to stderr, which pages must not show: "
                    f"{output.text.strip()[:300]}"
                )


def _explain(notebook: NotebookNode, error: CellExecutionError) -> str:
    number = next(
        k
        for k, cell in enumerate(notebook.cells)
        if any(o.output_type == "error" for o in cell.get("outputs", []))
    )
    line = notebook.cells[number].source.strip().splitlines()[0]
    return f"cell {number} ({line!r}) raised {error.ename}: {error.evalue}"
