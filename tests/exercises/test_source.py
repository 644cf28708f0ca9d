import nbformat
import pytest

from edulib.exercises.source import (
    clear_solution,
    find_problems,
    read_header,
    show_solution,
    show_stub,
    student_notebook,
)

METHOD = '''# exercise: lenet-count
class Block:
    def forward(self, x):
        """Double."""
        ### BEGIN SOLUTION
        y = x + x
        return y
        ### END SOLUTION
'''
VALUES = """# exercise: lenet-count
### BEGIN SOLUTION
weights = 25
total: int = weights * 6
### END SOLUTION"""
CHECK = '# check: lenet-count\ncheck("lenet-count", Block)'


def test_header():
    assert read_header(METHOD).kind == "exercise"
    assert read_header(CHECK).exercise_id == "lenet-count"
    assert read_header("# exercise: nothing more to say") is None
    assert read_header("x = 1\n# check: lenet-count") is None


def test_solution_in_a_function_keeps_its_indentation():
    cleared = clear_solution(METHOD)
    assert cleared.endswith('\n        raise NotImplementedError("your turn")')
    assert "y = x + x" not in cleared
    names = {}
    exec(cleared, names)
    with pytest.raises(NotImplementedError):
        names["Block"]().forward(1)


def test_values_become_ellipses():
    assert clear_solution(VALUES).splitlines()[1:] == ["weights = ...", "total = ..."]


def test_what_the_page_shows():
    assert show_stub(METHOD).startswith("class Block:")
    assert show_solution(VALUES) == "weights = 25\ntotal: int = weights * 6\n"
    assert "###" not in show_solution(METHOD)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("# exercise: a-b\nx = 1", "expected pairs of '### BEGIN SOLUTION'"),
        ("# exercise: a-b\n### BEGIN SOLUTION\nx = 1", "got 1 and 0"),
        ("### BEGIN SOLUTION\nprint(1)\n### END SOLUTION", "that assigns a name"),
        (
            "class A:\n  ### BEGIN SOLUTION\n  x = 1\n  ### END SOLUTION\n  y = 1",
            "stands in a class",
        ),
    ],
)
def test_solutions_that_leave_no_stub(source, words):
    with pytest.raises(ValueError, match=words):
        clear_solution(source)


def chapter(*sources, tags=("exercise", "hide-input")):
    cells = []
    for source in sources:
        cell = nbformat.v4.new_code_cell(source)
        cell.outputs = [nbformat.v4.new_output("stream", text="done")]
        if source.startswith("# exercise"):
            cell.metadata["tags"] = list(tags)
        cells.append(cell)
    return nbformat.v4.new_notebook(cells=cells)


def test_student_notebook():
    book = chapter("x = 1", METHOD, CHECK)
    student = student_notebook(book)
    assert student.cells[0] == book.cells[0]
    assert student.cells[1].source == clear_solution(METHOD)
    assert student.cells[1].metadata["tags"] == ["exercise"]
    assert [cell.outputs for cell in student.cells[1:]] == [[], []]
    assert book.cells[1].source == METHOD


def test_what_the_page_folds_is_folded_for_students_and_what_they_write_is_not():
    book = chapter("quiz(ask())", METHOD, CHECK)
    book.cells[0].metadata["tags"] = ["remove-input"]
    book.cells[1].metadata["tags"] = ["exercise", "hide-input"]
    metadata = [cell.metadata for cell in student_notebook(book).cells]
    assert metadata[0]["jupyter"] == {"source_hidden": True}
    assert metadata[0]["cellView"] == "form"
    assert all("jupyter" not in m and "cellView" not in m for m in metadata[1:])
    assert "jupyter" not in book.cells[0].metadata


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ((METHOD,), "are not the same"),
        ((METHOD, CHECK, METHOD, CHECK), "is there twice"),
        (("### BEGIN SOLUTION",), "without '# exercise: id'"),
        ((METHOD, "# check: lenet-count\ncheck(...)"), "checks something else"),
        ((METHOD.replace("count", "sum"), CHECK.replace("count", "sum")), "registered"),
        ((METHOD.replace("### END", "# END"), CHECK), "expected pairs"),
    ],
)
def test_problems_are_found(cells, words):
    assert any(words in problem for problem in find_problems(chapter(*cells)))


def test_chapter_without_problems():
    assert find_problems(chapter("x = 1", METHOD, CHECK)) == []
    untagged = find_problems(chapter(METHOD, CHECK, tags=()))
    assert untagged == ["the solution of 'lenet-count' is not tagged hide-input"]
