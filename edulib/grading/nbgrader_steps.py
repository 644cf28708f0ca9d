"""Steps of ours in nbgrader's conversions, named in the configuration of a course."""

from pathlib import Path

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode, from_dict
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from edulib.authoring.notebooks import read
from edulib.exercises.source import clear_solution, read_header
from edulib.grading.course import Course


class ClearSolutions(NbGraderPreprocessor):
    """Put the book's stubs in place of solutions, not nbgrader's."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Clear a cell, if it is an answer."""
        header = read_header(cell.source) if cell.cell_type == "code" else None
        if header and header.kind == "exercise":
            cell.source = clear_solution(cell.source)
        return cell, resources


class TakeOutputs(NbGraderPreprocessor):
    """Take the outputs of a submission from its run, in place of running it here.

    So no student's code runs where the gradebook is open, and `nbgrader autograde`
    refuses a submission that was not run in its sandbox.
    """

    root = Unicode(help="the folder of the course").tag(config=True)

    def preprocess(
        self, notebook: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Fill in the outputs.

        Raises:
            RuntimeError: if this submission has not been run as it is now.
        """
        student = resources["nbgrader"]["student"]
        name = resources["nbgrader"]["assignment"]
        course = Course(Path(self.root))
        run = course.read_run(name, student)
        if not run:
            raise RuntimeError(f"{student} has not been run: make grade A={name}")
        handed_in = read(course.notebook("submitted", name, student))
        pairs = zip(notebook.cells, handed_in.cells, strict=True)
        for number, (cell, own) in enumerate(pairs):
            if cell.cell_type != "code":
                continue
            outputs = run["outputs"].get(str(number))
            cell.outputs = own.outputs if outputs is None else from_dict(outputs)
        return notebook, resources
