"""What runs in the process of one submission: its cells, and the checks.

Everything is imported before the first line of a student runs; from then on nothing
is looked up by a name that the student could have given to something else.
"""

import contextlib
import os
import signal
from pathlib import Path

from edulib.grading import sandbox
from edulib.grading.channel import Channel
from edulib.grading.integrity import IntegrityCheck
from edulib.grading.score import Question, Verdict, nothing, score

_SHOWN = 4000
_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "OMP_NUM_THREADS")


def serve(channel: Channel, settings: dict, integrity: IntegrityCheck) -> None:
    """Run cells and checks as they are asked for, until nobody asks any more.

    Args:
        channel: to the grader.
        settings: `scratch`, `sandboxed`, `isolated`, `seed`, `seconds` of a check.
        integrity: made before any line of a student ran.
    """
    _drop_privileges(settings)
    shell = _make_shell()
    # Where a shell runs the grader in the background, Ctrl-C is ignored, here too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    channel.send({"ready": True})
    while True:
        try:
            request = channel.receive()
        except EOFError:
            return
        if "check" in request:
            answer = _checked(request, shell.user_ns, settings, integrity)
        else:
            answer = {"outputs": _run(shell, request["run"])}
        channel.send({**answer, "token": request["token"]})


def _drop_privileges(settings: dict) -> None:
    """Take a place of one's own, then give up all other rights."""
    scratch = Path(settings["scratch"])
    os.chdir(scratch)
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    os.environ.clear()
    folders = ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME")
    os.environ.update(kept, **dict.fromkeys(folders, str(scratch)))
    os.environ.update(MPLBACKEND="agg", TQDM_DISABLE="1", EOV_STATIC="1")
    if settings["isolated"]:
        sandbox.isolate()
    sandbox.limit()
    if settings["sandboxed"]:
        sandbox.enter(scratch)


def _make_shell() -> "InteractiveShell":  # noqa: F821 - imported below, when needed
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    shell.showtraceback = lambda *args, **options: None
    shell.showsyntaxerror = lambda *args, **options: None
    return shell


def _run(shell: "InteractiveShell", source: str) -> list[dict]:  # noqa: F821
    from IPython.utils.capture import capture_output

    with capture_output() as heard, contextlib.suppress(SystemExit):
        result = shell.run_cell(source, store_history=False)
    outputs = []
    for name, text in (("stdout", heard.stdout), ("stderr", heard.stderr)):
        if text:
            text = str(text)[:_SHOWN]
            outputs.append({"output_type": "stream", "name": name, "text": text})
    error = result.error_before_exec or result.error_in_exec
    if error is not None:
        name, text = type(error).__name__, str(error)[:_SHOWN]
        line = f"{name}: {text}"
        outputs.append(
            {"output_type": "error", "ename": name, "evalue": text, "traceback": [line]}
        )
    return outputs


def _checked(
    request: dict, namespace: dict, settings: dict, integrity: IntegrityCheck
) -> dict[str, object]:
    """Check an answer, and whether the answer has changed what checks it."""
    question = Question(request["exercise"], request["check"], request["stub"])
    seed, seconds = settings["seed"], settings["seconds"]
    verdict = score(question, namespace, seed=seed, seconds=seconds)
    changed = ", ".join(integrity.changes()[:3])
    if changed:
        message = f"Your code replaces {changed}: a person will look at this."
        result = nothing(question.exercise_id, message)
        verdict = Verdict(result, (f"replaces {changed}",))
    rows = [vars(row) for row in verdict.result.rows]
    return {"rows": rows, "flags": list(verdict.flags)}
