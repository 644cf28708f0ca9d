"""Grading a class: assignments, safe execution, nbgrader's gradebook, feedback.

Only instructors need this, with the extra `grading` of the package. The commands are
`python -m edulib.grading --help`; the page "Grading" of the book explains them.

    assignment.py   the notebook of an assignment, out of the exercises of chapters
    private.py      exercises and checks that are not in the book
    answers.py      the answers of a submission, put into the frame of the release
    collect.py      a folder of downloads becomes nbgrader's folder `submitted`
    fence.py        what the process of a submission may not do (Landlock, limits)
    nursery.py      a process that has imported torch and forks one for each submission
    cell_runner.py  what runs in that process: the cells, and the checks
    judge.py        which answer a check cell checks, and the check of a grader
    watch.py        whether an answer has changed what judges it
    execute.py      one submission, from here: deadlines, restarts, marks
    batch.py        all submissions: in parallel, interrupted and started again
    gradebook.py    nbgrader: release, marks, feedback, table
    nbgrader_steps.py   our steps in nbgrader's conversions
    course.py       what lies where in the folder of a course
    gradescope.py   the same checks as a zip made by Otter

The code of a student never runs in a process that has the gradebook open.
"""
