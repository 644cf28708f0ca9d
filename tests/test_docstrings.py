"""Every model's file says where it comes from, what it takes and how it differs."""

import ast
import inspect
import sys
from importlib import import_module
from pathlib import Path

import pytest

from edulib.registry import get_builder, get_model_info, get_paper, list_models

MODELS = {name: get_builder(name) for name in list_models()}
MODULES = sorted({get_model_info(name).module for name in MODELS})
FOLDER = Path(__file__).parents[1] / "edulib"
MODEL_FILES = sorted(
    path for path in (FOLDER / "models").rglob("*.py") if "tiny" not in path.parts
)


def network_classes() -> dict[str, type]:
    """Return the class that each builder returns, by name."""
    classes = [inspect.signature(build).return_annotation for build in MODELS.values()]
    return {cls.__name__: cls for cls in classes}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_cites_its_paper(module):
    doc = import_module(module).__doc__
    paper = next(
        get_model_info(n).paper for n in MODELS if get_model_info(n).module == module
    )
    assert get_paper(paper).title.lower() in " ".join(doc.lower().split())
    assert get_paper(paper).url in doc
    assert "Differs from the paper" in doc or "As in the paper" in doc


@pytest.mark.parametrize("cls", network_classes().values(), ids=network_classes())
def test_a_network_states_shapes_source_and_differences(cls):
    doc = inspect.getdoc(cls)
    assert "Shape:" in doc
    assert "- Input: (B, " in doc
    assert "- Output: " in doc
    assert "Source:" in doc
    assert any(word in doc for word in ("equation", "figure", "table", "section"))
    assert "Differs from the paper" in doc or "As in the paper" in doc


@pytest.mark.parametrize("cls", network_classes().values(), ids=network_classes())
def test_a_network_documents_every_argument(cls):
    doc = inspect.getdoc(cls)
    for argument in list(inspect.signature(cls).parameters):
        assert f"{argument}:" in doc, argument


@pytest.mark.parametrize("path", MODEL_FILES, ids=lambda p: str(p.relative_to(FOLDER)))
def test_a_model_file_is_short_and_pure(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 350
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print"
        if isinstance(node, ast.ImportFrom) and node.module:
            assert allowed(node.module, path), node.module


@pytest.mark.parametrize("path", MODEL_FILES, ids=lambda p: str(p.relative_to(FOLDER)))
def test_every_function_is_annotated_and_short(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args.args + node.args.kwonlyargs
            named = [a for a in arguments if a.arg not in ("self", "cls")]
            assert len(named) <= 8, node.name
            assert all(a.annotation for a in named), node.name
            assert node.returns is not None, node.name
            assert node.args.kwarg is None, node.name


def allowed(module: str, path: Path) -> bool:
    """Say whether a model file may import this module."""
    if not module.startswith("edulib"):
        known = {"torch", *sys.stdlib_module_names}
        functions = ("torchvision.ops", "scipy.optimize")
        return module.split(".")[0] in known or module in functions
    rooms = tuple(f"edulib.models.{room}" for room in ("blocks", "ops", "losses"))
    if "classification" not in path.parts:  # a network that the source builds on
        rooms += ("edulib.models.classification", "edulib.models.detection")
    own = ".".join(["edulib", *path.relative_to(FOLDER).parent.parts])
    is_folder = path.parent.parent.parent != FOLDER
    return module.startswith(rooms) or (is_folder and module.startswith(own))
