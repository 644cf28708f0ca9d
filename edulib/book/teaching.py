"""What the pages for instructors list: made from the chapters at each build."""

import re
from pathlib import Path
from typing import NamedTuple

from edulib.book.notebooks import CHAPTER_FOLDERS, is_review, read
from edulib.exercises.registry import parts
from edulib.exercises.source import read_header
from edulib.exercises.task import Task, read_tasks
from edulib.registry import papers

_OUTCOMES = re.compile(r"After this chapter you can[^\n]*\n+((?:- .+\n?(?:  .+\n?)*)+)")

# Each week: what it is about, and the papers that it reads, by their names.
_COURSES = {
    "syllabus_4": (
        ("Convolution, and a first network", ("Convolution", "LeNet-5")),
        ("Looking inside", ("AlexNet", "ZFNet")),
        ("Small filters, small ends", ("Network in Network", "VGG")),
        ("Depth", ("ResNet",)),
    ),
    "syllabus_8": (
        ("Convolution, and a first network", ("Convolution", "LeNet-5")),
        ("Looking inside", ("AlexNet", "ZFNet")),
        ("Small filters, side paths", ("Network in Network", "VGG", "GoogLeNet")),
        ("Depth", ("Highway networks", "ResNet")),
        ("Where things are", ("Faster R-CNN", "YOLO v1")),
        ("Which pixels", ("Mask R-CNN", "DeepLabV3+")),
        ("Attention", ("ViT", "DETR")),
        ("Language and pixels", ("CLIP", "SAM")),
    ),
    "syllabus_14": (
        ("Convolution, and a first network", ("Convolution", "LeNet-5")),
        ("A large network wins", ("AlexNet",)),
        ("Looking inside", ("ZFNet",)),
        ("Small filters, side paths", ("Network in Network", "VGG", "GoogLeNet")),
        ("Depth", ("Highway networks", "ResNet")),
        ("Width, reuse, groups", ("Inception-v3", "ResNeXt", "DenseNet")),
        ("Networks for phones", ("MobileNet v1", "MobileNet v2", "EfficientNet")),
        ("Boxes in two stages", ("Faster R-CNN", "Mask R-CNN")),
        ("Boxes in one stage", ("YOLO v1", "SSD")),
        ("Which pixels", ("DeepLabV3+", "SegFormer")),
        ("Attention", ("ViT", "Swin Transformer", "DETR")),
        ("Learning without labels", ("SimCLR", "MAE")),
        ("Making pictures", ("GAN", "DDPM")),
        ("Language and pixels", ("CLIP", "SAM")),
    ),
}


class Chapter(NamedTuple):
    """A notebook with exercises: on a paper, or the review of an era."""

    name: str
    address: str  # under book/, without suffix
    root: Path

    @property
    def path(self) -> Path:
        """Its file."""
        return self.root / "book" / f"{self.address}.ipynb"

    @property
    def link(self) -> str:
        """As the pages below book/teaching write it."""
        return f"[{self.name}](../{self.address}.ipynb)"


class Exercise(NamedTuple):
    """A row of the index of exercises."""

    exercise_id: str
    task: Task
    points: int


def teaching_lists(root: Path) -> dict[str, str]:
    """Return what the pages below book/teaching name in double braces, as Markdown.

    Args:
        root: folder of the repository.
    """
    chapters = _chapters(root)
    listed = {chapter.name: list_exercises_of(chapter.path) for chapter in chapters}
    together = [exercise for exercises in listed.values() for exercise in exercises]
    return {
        "outcomes": "\n\n".join(_outcomes(chapter) for chapter in chapters),
        "exercise_index": _index(chapters, listed),
        "exercise_count": str(len(together)),
        "exercise_hours": f"{sum(e.task.minutes for e in together) / 60:.0f}",
        "exercise_points": str(sum(e.points for e in together)),
        "rubric_points": str(sum(e.task.rubric_points for e in together)),
        **{name: _syllabus(weeks, chapters) for name, weeks in _COURSES.items()},
    }


def read_outcomes(path: Path) -> str:
    """Return the list under "After this chapter you can" of a chapter.

    Raises:
        ValueError: if it has none.
    """
    texts = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    for text in texts:
        if match := _OUTCOMES.search(f"{text}\n"):
            return match[1].strip()
    raise ValueError(
        f"expected 'After this chapter you can' and below it a list in {path.name}"
    )


def list_exercises_of(path: Path) -> list[Exercise]:
    """Return the exercises of a chapter, points from the registry, in their order.

    Raises:
        ValueError: if headings and exercise cells do not pair.
    """
    cells = read(path).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    tasks = [task for text in texts for task in read_tasks(text)]
    headers = [read_header(cell.source) for cell in cells if cell.cell_type == "code"]
    names = [h.exercise_id for h in headers if h and h.kind == "exercise"]
    if len(tasks) != len(names):
        raise ValueError(
            f"expected a heading '### Exercise 1: title (core, 20 minutes)' for each "
            f"of {names} in {path.name}, found {len(tasks)}"
        )
    pairs = zip(names, tasks, strict=True)
    return [Exercise(name, task, _points(name)) for name, task in pairs]


def _points(exercise_id: str) -> int:
    return sum(part.points for part in parts(exercise_id))


def _chapters(root: Path) -> list[Chapter]:
    """List chapters on papers by folder, after those of an era its review."""
    written = [Chapter(p.name, p.chapter, root) for p in papers() if p.chapter]
    found = []
    for folder in CHAPTER_FOLDERS:
        found += [c for c in written if c.address.startswith(f"{folder}/")]
        for path in sorted((root / "book" / folder).glob("*.ipynb")):
            if is_review(path):
                title = read(path).cells[0].source.partition("\n")[0]
                address = f"{folder}/{path.stem}"
                found.append(Chapter(title.removeprefix("# "), address, root))
    return [chapter for chapter in found if chapter.path.exists()]


def _outcomes(chapter: Chapter) -> str:
    return f"**{chapter.link}**\n\n{read_outcomes(chapter.path)}"


def _index(chapters: list[Chapter], listed: dict[str, list[Exercise]]) -> str:
    head = "| exercise | level | minutes | points |\n|---|---|--:|--:|"
    return "\n\n".join(
        "\n".join([f"**{chapter.link}**\n", head, *map(_row, listed[chapter.name])])
        for chapter in chapters
    )


def _row(exercise: Exercise) -> str:
    task = exercise.task
    title = f"{task.title[:1].upper()}{task.title[1:]}"
    name = f"**{title}**<br>`{exercise.exercise_id}`<br>{task.trains}"
    points = f"{exercise.points} + {task.rubric_points}".removesuffix(" + 0")
    return f"| {name} | {task.level} | {task.minutes} | {points} |"


def _syllabus(
    weeks: tuple[tuple[str, tuple[str, ...]], ...], chapters: list[Chapter]
) -> str:
    known = {paper.name: f"{paper.name} (*to come*)" for paper in papers()}
    known |= {chapter.name: chapter.link for chapter in chapters}
    rows = ["| week | topic | chapters |", "|--:|---|---|"]
    for number, (topic, names) in enumerate(weeks, 1):
        reading = ", ".join(known[name] for name in names)
        rows.append(f"| {number} | {topic} | {reading} |")
    return "\n".join(rows)
