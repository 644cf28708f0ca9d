"""Netron for the pages: the part of it that draws ONNX graphs, made to keep quiet.

The installed package is copied and changed on the way, as its licence (MIT) allows. As
it comes it asks a server where the reader is, asks the reader for consent to be
counted, and half a year after its release it draws nothing any more; it opens files
from anywhere, scrolls the page that shows it, and counts the statistics of batch
normalisation as parameters.
"""

import json
import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from edulib.anatomy import OpType
from edulib.files import write_if_changed

_SCRIPTS = (
    "index view json xml protobuf hdf5 grapher browser base text flatbuffers "
    "flexbuffers zip tar dagre worker onnx onnx-proto onnx-schema"
).split()
_COPIED = [*(f"{name}.js" for name in _SCRIPTS), "icon.png"]

# The page turns the colours of figures round in its dark mode, Netron's as well.
_ALWAYS_LIGHT = (r"@media \(prefers-color-scheme: dark\)", "@media not all")

# How it starts: on a graph of the book, which lies beside it, and on nothing else.
_START = r"""
        const { window, document } = this;
        document.addEventListener('dragover', (e) => e.preventDefault());
        document.addEventListener('drop', (e) => e.preventDefault());
        const url = new window.URLSearchParams(window.location.search).get('url');
        if (/^\\.\\.\\/graphs\\/[\\w-]+\\.onnx$/.test(url)) {
            await this._openModel(url, null);
        } else {
            await this.message('This viewer opens the graphs of this book only.', true);
        }
    }
"""

# A browser loads no module of a page that it opened as a file: say so, and stop.
_FROM_A_FILE = r"""\1
    if (window.location.protocol === 'file:') {
        var words = 'The graph is drawn where the book comes from a server: ' +
            'make serve.';
        window.document.getElementById('message-text').innerText = words;
        window.document.getElementById('message-button').style.display = 'none';
        window.document.body.setAttribute('class', 'welcome notification');
        return;
    }"""

# file -> (what is replaced, by what); each has to be there.
_PATCHES = {
    "index.html": [
        (r'(<meta name="version" content=")[^"]*(">)', r"\g<1>0.0.0\2"),
        (r'<meta name="date" content="[^"]*">\n', ""),
        (r"<title>Netron</title>", "<title>Graph of a network (Netron)</title>"),
        (r'<link rel="shortcut icon"[^>]*>\n', ""),
        (r' *<button id="open-file-button".*</button>\n', ""),
        (r' *<input type="file"[^>]*>\n', ""),
        _ALWAYS_LIGHT,
    ],
    "grapher.css": [_ALWAYS_LIGHT],
    # Python's unpickler, half of the whole, is for weights; these graphs have none.
    "index.js": [
        (r", *'python'\]", "]"),
        (r"(window\.exports\.preload = function\(callback\) \{)", _FROM_A_FILE),
    ],
    "browser.js": [
        (
            r"\n *await age\(\);\n *await consent\(\);"
            r"\n *await telemetry\(\);\n *await capabilities\(\);",
            "",
        ),
        (
            r"(    async start\(\) \{)\n(?s:.*?)(\n    environment\(name\) \{)",
            rf"\1{_START}\2",
        ),
        (r"case 'open': \{(?s:.*?)break;\n *\}", ""),
    ],
    "onnx.js": [  # what the graph says of itself, in place of what Netron would count
        (
            r"this\.metadata = metadata_props\.map\((\(metadata\) => new onnx\.Argument"
            r"\(metadata\.key, )metadata\.value\)\);",
            r"this.metrics = metadata_props.map(\1Number(metadata.value)));",
        ),
    ],
    "view.js": [
        (
            r"const modules = \['\./message'[^\]]*\];",
            "const modules = ['./onnx', './onnx-proto', './onnx-schema'];",
        ),
        (
            r"const assets = \['onnx-metadata\.json'[^\]]*\];",
            "const assets = ['onnx-metadata.json'];",
        ),
        (r"\b(element|container)\.focus\(\);", r"\1.focus({ preventScroll: true });"),
        (r"file\.add\(\{\s*label: '&Open\.\.\.',[^}]*\}\);", ""),
        (r"help\.add\(\{\s*label: 'Report &Issue',[^}]*\}\);", ""),
        (r"\\u3008", "["),  # brackets that only fonts for Chinese have
        (r"\\u3009", "]"),
    ],
}
_KEPT = (
    "name module version category attributes inputs outputs "
    "min_input max_input min_output max_output"
).split()
CATEGORIES = {
    OpType.CONVOLUTION: "Layer",
    OpType.DENSE: "Layer",
    OpType.EMBEDDING: "Layer",
    OpType.ATTENTION: "Attention",
    OpType.POOLING: "Pool",
    OpType.NORMALISATION: "Normalization",
    OpType.ACTIVATION: "Activation",
    OpType.DROPOUT: "Dropout",
    OpType.CONCAT: "Tensor",
    OpType.CONSTANT: "Data",
    OpType.RESHAPE: "Shape",
}
_LICENCE = """\
Netron, Copyright (c) Lutz Roeder, https://github.com/lutzroeder/netron
A part of it, changed as edulib/authoring/viewer.py of this book says.

MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy of this
software and associated documentation files (the "Software"), to deal in the Software
without restriction, including without limitation the rights to use, copy, modify,
merge, publish, distribute, sublicense, and/or sell copies of the Software, and to
permit persons to whom the Software is furnished to do so, subject to the following
conditions:

The above copyright notice and this permission notice shall be included in all copies
or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED,
INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A
PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT
HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE
OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


class ViewerError(RuntimeError):
    """A Netron whose files are not as this module expects."""


def write_viewer(
    folder: Path, own_operations: dict[str, str], source: Path | None = None
) -> None:
    """Write the viewer into a folder.

    Args:
        folder: where it goes.
        own_operations: name -> type (`OpType`) of operations that ONNX does not know,
            so that they are coloured by what they do.
        source: folder of the package; by default where it is installed.

    Raises:
        ViewerError: if the package lacks a file or does not contain what has to be
            changed.
    """
    source = source or Path(find_spec("netron").origin).parent
    written = {name: _read(source / name) for name in [*_COPIED, *_PATCHES]}
    for name, patches in _PATCHES.items():
        written[name] = _patch(name, written[name].decode(), patches).encode()
    written["onnx-metadata.json"] = _metadata(source, own_operations).encode()
    written["LICENSE"] = _LICENCE.encode()
    for name, content in written.items():
        write_if_changed(folder / name, content)
    for path in folder.iterdir():
        if path.name not in written:
            path.unlink()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise ViewerError(f"Netron {version('netron')} has no {path.name}") from None


def _patch(name: str, text: str, patches: list[tuple[str, str]]) -> str:
    for pattern, new in patches:
        text, found = re.subn(pattern, new, text)
        if not found:
            raise ViewerError(
                f"nothing in {name} of Netron {version('netron')} matches {pattern!r}: "
                "adapt edulib/authoring/viewer.py, or install the version that "
                "requirements.txt names"
            )
    return text


def _metadata(source: Path, own_operations: dict[str, str]) -> str:
    """The operations of ONNX, without descriptions, and ours with a category."""
    known = json.loads(_read(source / "onnx-metadata.json"))
    kept = []
    for operation in known:
        if operation["module"] == "ai.onnx":
            kept.append({key: operation[key] for key in _KEPT if key in operation})
    for operation in kept:
        for key in ("attributes", "inputs", "outputs"):
            for item in operation.get(key, []):
                item.pop("description", None)
    for name, op_type in sorted(own_operations.items()):
        row = {"name": name, "module": "edulib", "version": 1}
        category = CATEGORIES.get(op_type)
        kept.append(row | ({"category": category} if category else {}))
    return json.dumps(kept, separators=(",", ":"))
