"""What the pages need and no repository should hold: built from installed packages."""

import re
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from edulib.anatomy.onnx.graph import weightless_graph
from edulib.authoring.notebooks import find_notebooks, read
from edulib.authoring.viewer import write_viewer
from edulib.files import write_if_changed
from edulib.registry import get_builder, get_model_info

_CALL = re.compile(r"""netron_graph\(\s*["']([^"']+)["']""")
_MATHJAX = re.compile(r"/static/mathjax/(tex-chtml-full\.js|output/.*\.woff)$")


def build_assets(destination: Path, root: Path) -> list[Path]:
    """Write graphs, the viewer that draws them, and MathJax.

    Only what changed is written, and graphs that no chapter shows are removed.

    Args:
        destination: gets the folders `graphs`, `netron` and `mathjax`.
        root: folder of the repository.

    Returns:
        The graphs.

    Raises:
        ValueError: if a chapter names an unknown model.
        ViewerError: if the installed Netron is not as expected.
        FileNotFoundError: if MathJax is not installed.
    """
    graphs, own_operations = [], {}
    for name in shown_models(root):
        content, own = make_graph(name)
        own_operations |= own
        graphs.append(destination / "graphs" / f"{name}.onnx")
        write_if_changed(graphs[-1], content)
    for path in (destination / "graphs").glob("*.onnx"):
        if path not in graphs:
            path.unlink()
    write_viewer(destination / "netron", own_operations)
    _copy_mathjax(destination / "mathjax")
    return graphs


def shown_models(root: Path) -> list[str]:
    """Return the models that chapters name in `netron_graph("...")`."""
    found = set()
    for path in find_notebooks([root / "book"], root):
        for cell in read(path).cells:
            if cell.cell_type == "code":
                found.update(_CALL.findall(cell.source))
    return sorted(found)


def make_graph(name: str) -> tuple[bytes, dict[str, str]]:
    """Return a model's graph as a file, and name -> kind of its own operations."""
    shape = get_model_info(name).image_shape
    graph = weightless_graph(get_builder(name)(), shape, name)
    own = {
        node.op_type: node.metadata_props[0].value
        for node in graph.graph.node
        if node.domain
    }
    return graph.SerializeToString(deterministic=True), own


def _copy_mathjax(folder: Path) -> None:
    try:
        packed = files("sphinx-mathjax-offline") or []
    except PackageNotFoundError:
        packed = []
    found = {m[1]: f for f in packed if (m := _MATHJAX.search(f.as_posix()))}
    if "tex-chtml-full.js" not in found:
        raise FileNotFoundError(
            "MathJax is not installed: pip install 'sphinx-mathjax-offline>=0.0.2'"
        )
    for name, file in found.items():
        write_if_changed(folder / name, Path(file.locate()).read_bytes())
