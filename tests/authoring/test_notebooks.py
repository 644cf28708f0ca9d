import nbformat
import pytest
from nbformat import v4
from sample_chapter import code

from edulib import files
from edulib.authoring.commands import main
from edulib.authoring.notebooks import find_notebooks, find_root, read, tidy, write


def test_ids_come_from_the_text_and_stay_when_cells_are_added():
    notebook = v4.new_notebook(cells=[code("a"), code("b"), code("a")])
    tidy(notebook)
    first = [cell.id for cell in notebook.cells]
    assert len(set(first)) == 3
    notebook.cells.insert(1, code("new"))
    tidy(notebook)
    assert [cell.id for cell in notebook.cells if cell.source != "new"] == first


def test_what_differs_between_machines_is_removed(tmp_path):
    cell = code("a", execution={"iopub.status.busy": "now"}, mystnb={"x": 1})
    notebook = v4.new_notebook(cells=[cell], metadata={"widgets": {}, "colab": {}})
    write(notebook, path := tmp_path / "x.ipynb")
    stored = read(path)
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    assert stored.cells[0].metadata == {"mystnb": {"x": 1}}
    nbformat.validate(stored)


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.ipynb"
    write(v4.new_notebook(cells=[code("old")]), path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match="no room to save"):
        write(v4.new_notebook(cells=[code("new")]), path)
    assert read(path).cells[0].source == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.ipynb"]


def test_files_are_not_touched_without_need(tmp_path):
    path = tmp_path / "a" / "x"
    assert files.write_if_changed(path, b"1")
    assert not files.write_if_changed(path, b"1")
    assert files.write_if_changed(path, b"2")


def test_notebooks_are_found(tmp_path):
    (tmp_path / "_toc.yml").touch()
    for name in ("a/x", "b/y", "b/.ipynb_checkpoints/y"):
        path = tmp_path / "book" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert find_root(tmp_path / "book" / "a") == tmp_path
    names = [path.stem for path in find_notebooks([], tmp_path)]
    assert names == ["x", "y"]
    only = find_notebooks([tmp_path / "book" / "b"], tmp_path)
    assert [path.stem for path in only] == ["y"]


def test_errors_are_one_line_with_the_path(tmp_path, capsys, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no copy of the book"):
        find_root(tmp_path)
    (tmp_path / "_toc.yml").touch()
    (tmp_path / "book").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["lint", "book/none.ipynb"]) == 1
    (tmp_path / "book" / "bad.ipynb").write_text("{")
    assert main(["lint", "book/bad.ipynb"]) == 1
    err = capsys.readouterr().err.splitlines()
    assert err[0] == "error: there is no notebook or folder book/none.ipynb"
    assert "bad.ipynb is no notebook" in err[1]
