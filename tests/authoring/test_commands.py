import re
from pathlib import Path

import pytest
from nbval.plugin import get_sanitize_patterns
from sample_chapter import good_chapter

from edulib.authoring import timings
from edulib.authoring.commands import main
from edulib.authoring.notebooks import read, write

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    (tmp_path / "_toc.yml").touch()
    (tmp_path / "book" / "foundations").mkdir(parents=True)
    write(good_chapter(), tmp_path / "book" / "foundations" / "lenet.ipynb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_lint_says_what_is_wrong_and_fails(repository, capsys):
    assert main(["lint"]) == 0
    assert capsys.readouterr().out == "1 notebooks, 0 pages, 0 problems\n"
    notebook = good_chapter()
    notebook.cells[5].metadata.eov.role = "notion"
    write(notebook, repository / "book" / "foundations" / "lenet.ipynb")
    assert main(["lint", "book"]) == 1
    out, err = capsys.readouterr()
    assert "has the roles ['notion'], expected eov.role" in err
    assert "2 problems" in out


def test_student_notebooks_hold_no_solution(repository):
    assert main(["student"]) == 0
    target = repository / "build" / "student" / "book" / "foundations" / "lenet.ipynb"
    sources = [cell.source for cell in read(target).cells]
    assert len(sources) == len(good_chapter().cells)
    assert not any("SOLUTION" in source for source in sources)
    assert sum("answer = ...\n" in f"{source}\n" for source in sources) == 3


def test_time_measures_chapters_only(repository, capsys, monkeypatch):
    write(good_chapter(), repository / "book" / "timeline.ipynb")
    asked = []
    monkeypatch.setattr(
        timings, "measure", lambda path, **_: asked.append(path.name) or "9.1 s"
    )
    assert main(["time"]) == 0
    assert asked == ["lenet.ipynb"]
    assert capsys.readouterr().out == "book/foundations/lenet.ipynb: 9.1 s\n"


def test_address_lists_what_it_changed(repository, capsys):
    source = repository / "edulib" / "authoring" / "repository_url.py"
    source.parent.mkdir(parents=True)
    source.write_text('ADDRESS = "https://github.com/eras-of-vision/eras-of-vision"\n')
    assert main(["address", "https://github.com/reader/fork"]) == 0
    assert capsys.readouterr().out.split() == [
        "book/foundations/lenet.ipynb",
        "edulib/authoring/repository_url.py",
    ]
    assert source.read_text() == 'ADDRESS = "https://github.com/reader/fork"\n'
    assert main(["address", "nowhere"]) == 1


def test_unknown_commands_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["publish"])
    assert "invalid choice: 'publish'" in capsys.readouterr().err


def test_nbval_compares_everything_of_an_image_but_its_pixels():
    def compared(text):
        sanitizer = (ROOT / "sanitize.cfg").read_text()
        for pattern, new in get_sanitize_patterns(sanitizer):
            text = re.sub(pattern, new, text)
        return text

    image = '<img src="data:image/webp;base64,%s" width="%s" alt="A filter.">'
    assert compared(image % ("UklGRg+/a==", 280)) == compared(image % ("AAAA", 280))
    assert compared(image % ("UklGRg==", 280)) != compared(image % ("UklGRg==", 140))
    assert compared(image % ("UklGRg==", 1)) != compared("")
    assert compared("accuracy above 97 %") == "accuracy above 97 %"
