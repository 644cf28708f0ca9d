"""A network's graph to walk through, in Netron."""

import logging
import tempfile
from html import escape
from pathlib import Path

from edulib.notebook.environment import is_colab, is_live
from edulib.notebook.html_output import HtmlOutput
from edulib.registry import get_model_info

_STYLE = (
    "<style>:where(.eov-netron iframe){width:100%;border:1px solid #8886;"
    "border-radius:8px;background:#fff}"
    "html[data-theme=dark] .eov-netron iframe{filter:invert(.91) hue-rotate(180deg)}"
    ":where(.eov-netron p){margin:.4rem 0;font-size:.92em}</style>"
)


def netron_graph(name: str, *, height: int = 480) -> object:
    """Show the graph of a model, each module a node; click one for its numbers.

    The page embeds a viewer that is built with it and a graph of a few kilobytes that
    holds no weights. A live notebook starts `netron` itself on such a graph.

    Args:
        name: a model of the registry, as "resnet18".
        height: of the viewer, in pixels.

    Raises:
        ValueError: if no model has this name; the nearest is suggested.
    """
    get_model_info(name)
    return _live(name, height) if is_live() else _embedded(name, height)


def _embedded(name: str, height: int) -> HtmlOutput:
    # Chapters lie two folders deep, so two up is the root of the site.
    address = f"../../_static/netron/index.html?url=../graphs/{escape(name)}.onnx"
    html = (
        f'{_STYLE}<div class="eov-netron"><iframe src="{address}" width="100%" '
        f'height="{height}" loading="lazy" title="Graph of {escape(name)} in the '
        f'viewer Netron"></iframe><p><a href="{address}" target="_blank">Open the '
        f"graph of {escape(name)} in a window of its own</a></p></div>"
    )
    return HtmlOutput(html, f"The graph of {name}, for the viewer Netron.")


def _live(name: str, height: int) -> object:
    import netron

    from edulib.authoring.assets import make_graph

    folder = Path(tempfile.gettempdir()) / "eras-of-vision"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.onnx"
    file.write_bytes(make_graph(name)[0])
    logging.getLogger("netron").setLevel(logging.ERROR)
    address = netron.start(str(file), browse=False)
    if not is_colab():
        return netron.widget(address, height=height)
    from google.colab import output

    return output.serve_kernel_port_as_iframe(address[1], height=str(height))
