"""Grading a class: assignments, safe execution, nbgrader's gradebook, feedback.

Only instructors need this, with the extra `grading` of the package. The commands are
`python -m edulib.grading --help`; the page "Grading" of the book explains them.

    assignment.py   the notebook of an assignment, out of the exercises of chapters
    private.py      exercises and checks that are not in the book
    answers.py      the answers of a submission, merged into the release
    collect.py      a folder of downloads becomes nbgrader's folder `submitted`
    sandbox.py      what the process of a submission may not do (Landlock, limits)
    system_calls.py what Landlock does not keep it from (seccomp)
    fork_server.py  a process that has imported torch and forks one a submission
    cell_runner.py  what runs in that process: the cells, and the checks
    channel.py      messages from and to that process
    replies.py      its replies, read as written by anybody
    score.py        which answer a check cell checks, and the check of a grader
    integrity.py    whether an answer has changed what checks it
    failures.py     errors that are one submission's, and those of the grader
    execute.py      one submission, from here: deadlines, restarts, marks
    batch.py        all submissions: in parallel, interrupted and started again
    gradebook.py    nbgrader: release, marks, feedback, table
    nbgrader_steps.py   our steps in nbgrader's conversions
    course.py       what lies where in the folder of a course
    gradescope.py   the same checks as a zip made by Otter

The code of a student never runs in a process that has the gradebook open.
"""
