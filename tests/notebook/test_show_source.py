import inspect

import pytest
import torch
from torch import nn

from edulib.authoring.repository_url import ADDRESS
from edulib.models.classification import resnet
from edulib.notebook import show_source
from edulib.notebook.claims import judge, near
from edulib.notebook.slider import Frames


def markdown(*objects, **options):
    return show_source(*objects, **options)._repr_markdown_()


def test_it_is_the_source_with_a_link_to_its_file():
    shown = markdown(near, docstring="full")
    assert shown.startswith("```python\ndef near(")
    assert inspect.getsource(near).rstrip() in shown
    file = "edulib/notebook/claims.py"
    assert shown.endswith(f"\n```\n\nFrom [`{file}`]({ADDRESS}/blob/main/{file})")


def test_short_keeps_the_first_paragraph_of_each_docstring():
    code = show_source(near).code
    assert (
        '"""Say a live number in words that are the same on every processor."""\n'
        in code
    )
    assert "Args:" not in code
    compile(code, "shown", "exec")


def test_none_drops_docstrings_and_keeps_the_code():
    code = show_source(Frames, docstring="none").code
    assert '"""' not in code
    full = compile(inspect.getsource(Frames), "f", "exec", optimize=2)
    assert compile(code, "f", "exec", optimize=2).co_names == full.co_names


def test_docstring_that_is_the_whole_body_stays():
    class Empty(nn.Module):
        """Nothing.

        Not even this.
        """

    assert show_source(Empty, docstring="none").code.endswith('"""Nothing."""')


@pytest.mark.parametrize("docstring", ["short", "none"])
def test_every_class_of_a_real_network_stays_valid_code(docstring):
    classes = [m for m in vars(resnet).values() if inspect.isclass(m)]
    assert classes
    for shown in classes:
        compile(show_source(shown, docstring=docstring).code, "shown", "exec")


def test_several_stand_below_one_another_with_their_files_once():
    shown = show_source(near, judge)
    assert shown.files == ("edulib/notebook/claims.py",)
    assert "\n\n\ndef judge(" in shown.code
    assert repr(shown) == "source of near, judge"


def test_what_is_not_ours_has_no_link():
    shown = markdown(nn.Identity)
    assert "class Identity(Module):" in shown
    assert "From" not in shown.rpartition("```")[2]


def test_fences_are_longer_than_those_inside():
    def quoting():
        """Show ```python code```."""

    assert markdown(quoting).startswith("````python\n")


def test_bad_input():
    with pytest.raises(TypeError, match="written in Python, got <built-in method"):
        show_source(torch.relu)
    with pytest.raises(TypeError, match="expected a class or function"):
        show_source(3)
    with pytest.raises(ValueError, match="'short', 'full' or 'none', got 'brief'"):
        show_source(near, docstring="brief")
