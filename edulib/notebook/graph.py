"""A network's graph to walk through, in Netron."""

import logging
import tempfile
from functools import cache
from html import escape
from pathlib import Path

from edulib.notebook.environment import is_colab, is_live
from edulib.notebook.html_output import HtmlOutput, one_line
from edulib.registry import get_builder, get_model_info

_STYLE = (
    "<style>:where(.eov-netron iframe){width:100%;border:1px solid #8886;"
    "border-radius:8px;background:#fff;margin-top:.6rem}"
    "html[data-theme=dark] .eov-netron iframe{filter:invert(.91) hue-rotate(180deg)}"
    ":where(.eov-netron button){font:inherit;padding:.6em 1em;color:inherit;"
    "background:none;border:1px solid #8888;border-radius:8px;cursor:pointer}"
    ":where(.eov-netron p){margin:.4rem 0;font-size:.92em}</style>"
)

# Stands on the outermost element for clicks and keys; the keys inside the graph, which
# are another document's, are handed to it.
_SCRIPT = one_line("""
const button = this.querySelector('button');
const open = this.querySelector('iframe');
const isClick = event.type === 'click' && button.contains(event.target);
if (open && (isClick || event.key === 'Escape')) {
  open.remove();
  button.textContent = this.dataset.open;
  button.setAttribute('aria-expanded', false);
  button.focus({preventScroll: true});
} else if (isClick) {
  const frame = document.createElement('iframe');
  frame.src = this.querySelector('a').href;
  frame.title = this.getAttribute('aria-label');
  frame.height = this.dataset.height;
  frame.onload = () => frame.contentWindow.addEventListener('keydown', (e) => {
    if (e.key === 'Escape' && !e.defaultPrevented) this.onkeydown(e);
  });
  button.textContent = 'Close the graph';
  button.setAttribute('aria-expanded', true);
  this.insertBefore(frame, this.lastElementChild);
}
""")


def netron_graph(name: str, *, height: int = 480) -> object:
    """Show the graph of a model, each module a node; click one for its numbers.

    The page has a button, which embeds a viewer that is built with the page and a graph
    of a few kilobytes that holds no weights; before, nothing is loaded. A live notebook
    starts `netron` itself on such a graph.

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
    opens = f"Open the graph in Netron ({_size(name)})"
    html = (
        f'{_STYLE}<div class="eov-netron" role="group" aria-label="Graph of '
        f'{escape(name)} in the viewer Netron" data-open="{opens}" '
        f'data-height="{height}" onclick="{escape(_SCRIPT)}" '
        'onkeydown="this.onclick(event)">'
        f'<button type="button" aria-expanded="false">{opens}</button>'
        f'<p><a href="{address}" target="_blank">Open it in a window of its own</a>'
        "</p></div>"
    )
    return HtmlOutput(
        html, f"The graph of {name}, for the viewer Netron: {_size(name)}"
    )


def _size(name: str) -> str:
    """Count what Netron draws, and the parameters as the rest of the page does."""
    import torch

    from edulib.anatomy import trace_graph

    with torch.device("meta"):
        model = get_builder(name)()
    graph = trace_graph(model, get_model_info(name).image_shape)
    return f"{len(graph.steps):,} operations, {graph.params:,} parameters"


@cache
def _folder() -> tempfile.TemporaryDirectory:
    """Make a folder of this process's own, which ends with it."""
    return tempfile.TemporaryDirectory(prefix="eras-of-vision-")


def _live(name: str, height: int) -> object:
    import netron

    from edulib.authoring.assets import make_graph

    file = Path(_folder().name) / f"{name}.onnx"
    file.write_bytes(make_graph(name)[0])
    logging.getLogger("netron").setLevel(logging.ERROR)
    address = netron.start(str(file), browse=False)
    if not is_colab():
        return netron.widget(address, height=height)
    from google.colab import output

    return output.serve_kernel_port_as_iframe(address[1], height=str(height))
