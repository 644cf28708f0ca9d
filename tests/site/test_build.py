"""A book of one page: what the extension does to it, and that a broken one fails."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import NotebookNode
from site_visit import ROOT

SOLUTION = '''# exercise: tiny-double
def double(x: int) -> int:
    """Return twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION'''

CHECK = '# check: resnet-count\ncheck("resnet-count", double)'
HEADING = "### Exercise 1: double (warm-up, 5 minutes)"
PASSED = nbformat.v4.new_output("stream", text="resnet-count: all passed")

Build = Callable[..., tuple[subprocess.CompletedProcess[str], str]]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Builds a book of one chapter with the book's own settings."""

    def run(
        first: str, source: str, *more: NotebookNode
    ) -> tuple[subprocess.CompletedProcess[str], str]:
        config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        config["sphinx"]["config"] |= {"html_static_path": [], "mathjax_path": "m.js"}
        config["logo"] = config["html"]["favicon"] = ""
        (tmp_path / "_config.yml").write_text(yaml.safe_dump(config))
        toc = {"format": "jb-book", "root": "book/era2_residual/tiny"}
        (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc))
        page = tmp_path / "book" / "era2_residual" / "tiny.ipynb"
        page.parent.mkdir(parents=True)
        (tmp_path / "book" / "references.bib").touch()
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata.tags = ["exercise", "hide-input"]
        language = {"name": "python", "pygments_lexer": "ipython3"}
        notebook = nbformat.v4.new_notebook(metadata={"language_info": language})
        notebook.cells = [nbformat.v4.new_markdown_cell(first), cell, *more]
        nbformat.write(notebook, page)
        program = Path(sys.executable).with_name("jupyter-book")
        command = [program, "build", tmp_path, "--all", "-W", "--keep-going", "-n"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        built = tmp_path / "_build" / "html" / "book" / "era2_residual" / "tiny.html"
        return done, built.read_text(encoding="utf-8") if built.exists() else ""

    return run


def test_a_page_shows_the_stub_and_folds_the_solution(build: Build):
    check = nbformat.v4.new_code_cell(CHECK, outputs=[PASSED])
    plot = nbformat.v4.new_code_cell("x = 1\n\nplot(x)")
    named = nbformat.v4.new_code_cell("show(x)")
    plot.metadata.tags = named.metadata.tags = ["hide-input"]
    named.metadata.mystnb = {"code_prompt_show": "Code: a < b, 1 line"}
    source = SOLUTION.replace("tiny-double", "resnet-count")
    first = f"# Tiny (2015)\n\nA *small* idea.\n\n## Exercises\n\n{HEADING}"
    done, html = build(first, source, check, plot, named)
    assert done.returncode == 0, done.stderr
    text = re.sub(r"<[^>]+>", "", html)
    assert "###" not in text
    assert "# exercise" not in text
    stub, solution = html.index("NotImplementedError"), html.index("<details")
    assert stub < solution < html.index("Show a solution") < html.rindex("double")
    assert re.search(r"return\s*</span>.*2", html[solution:])
    assert "eov-era-2" in html
    assert '<meta name="description" content="A small idea.">' in html
    assert "all passed" not in html  # the marks of the book's solution
    assert re.search(r"<code>resnet-count</code>: \d+ points</caption>", html)
    folds = re.findall(r'collapsed admonition-title">(.*?)</p>', html)
    assert folds == [
        "Show a solution",
        "Show the code, 3 lines",
        "Code: a &lt; b, 1 line",
    ]
    assert "Toggle hidden content" not in html


def test_every_fault_of_a_broken_page_fails_the_build(build: Build):
    source = SOLUTION.replace("    ### END SOLUTION", "")
    check = nbformat.v4.new_code_cell(CHECK)
    first = "# Tiny\n\n![A picture](gone.png) [gone](gone.ipynb)"
    done, _ = build(first, source, check)
    assert done.returncode == 1
    assert "image file not readable: book/era2_residual/gone.png" in done.stderr
    assert "cross-reference target not found: 'gone.ipynb'" in done.stderr
    assert "expected a heading '### Exercise 1: title" in done.stderr
    assert "exercise tiny-double: expected pairs of '### BEGIN" in done.stderr
