"""What students get back: a page that explains, and nothing of others."""

from graded_class import NAME, SEED


def page(graded, student):
    path = graded.course.root / "feedback" / student / NAME / f"{NAME}.html"
    return path.read_text(encoding="utf-8")


def test_everybody_in_the_gradebook_gets_a_page(graded):
    for student in graded.marks():
        assert "Assignment week" in page(graded, student)


def test_the_page_says_what_differs_and_gives_the_hint(graded):
    text = page(graded, "mean")
    assert "Score: 7.0 / 11.0" in text
    assert "values of the output differ; at" in text
    assert "A sum of four, not their mean" in text
    assert "one map, one image, any even size" in text


def test_the_page_shows_neither_seed_nor_solution(graded):
    text = page(graded, "stub")
    assert str(SEED) not in text
    assert "SOLUTION" not in text
    assert "No response." in text


def test_the_page_names_what_stopped_an_answer(graded):
    assert "ended while this ran" in page(graded, "exits")
    assert "a loop without end?" in page(graded, "loops")
    assert "replaces torch.isclose" in page(graded, "replaces_torch")


def test_scripts_of_students_do_not_run(graded):
    assert "steal()" not in page(graded, "helper")


def test_the_table_of_marks(graded, capsys):
    assert graded("grades") == 0
    table = (graded.course.root / "grades.csv").read_text().splitlines()
    header = table[0].split(",")
    rows = {line.split(",")[3]: line.split(",") for line in table[1:]}
    assert float(rows["mean"][header.index("score")]) == 7
    assert len(rows) == len(graded.marks())
