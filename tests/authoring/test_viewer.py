import json
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from nbformat import v4
from playwright.sync_api import expect
from sample_chapter import code

from edulib.authoring.assets import build_assets, shown_models
from edulib.authoring.notebooks import write
from edulib.authoring.viewer import ViewerError, write_viewer
from edulib.notebook import graph, netron_graph

NETRON = Path(find_spec("netron").origin).parent


@pytest.fixture
def netron(tmp_path):
    return Path(shutil.copytree(NETRON, tmp_path / "source"))


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "_toc.yml").touch()
    (tmp_path / "book").mkdir()
    cells = [code('netron_graph("lenet5")'), v4.new_markdown_cell("netron_graph('x')")]
    write(v4.new_notebook(cells=cells), tmp_path / "book" / "a.ipynb")
    return tmp_path


def test_viewer_asks_nobody_and_does_not_expire(tmp_path):
    write_viewer(tmp_path, {})
    page = (tmp_path / "index.html").read_text()
    assert 'name="version" content="0.0.0"' in page
    assert 'name="date"' not in page
    script = (tmp_path / "browser.js").read_text()
    for call in ("age", "consent", "telemetry", "capabilities"):
        assert f"await {call}()" in (NETRON / "browser.js").read_text()
        assert f"await {call}()" not in script
    assert "Permission is hereby granted" in (tmp_path / "LICENSE").read_text()


def test_viewer_is_small_and_drops_what_is_not_its_own(tmp_path):
    (tmp_path / "old.js").touch()
    write_viewer(tmp_path, {})
    assert not (tmp_path / "old.js").exists()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 3_000_000


def test_own_operations_are_coloured_by_their_kind(tmp_path):
    write_viewer(tmp_path, {"ScaledTanh": "activation", "Odd": "other"})
    rows = json.loads((tmp_path / "onnx-metadata.json").read_text())
    rows = {(row["module"], row["name"]): row for row in rows}
    assert rows["edulib", "ScaledTanh"]["category"] == "Activation"
    assert "category" not in rows["edulib", "Odd"]
    assert rows["ai.onnx", "Conv"]["category"] == "Layer"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "browser.js",
            "await consent();",
            "nothing in browser.js of Netron .* matches",
        ),
        ("index.html", '<meta name="version"', "nothing in index.html"),
        ("view.js", "onnx-metadata.json", "nothing in view.js"),
    ],
)
def test_another_netron_is_answered_by_what_did_not_match(
    tmp_path, netron, name, text, message
):
    path = netron / name
    path.write_text(path.read_text().replace(text, "changed"))
    with pytest.raises(ViewerError, match=message):
        write_viewer(tmp_path / "built", {}, netron)
    assert not (tmp_path / "built").exists()


def test_a_missing_file_is_named(tmp_path, netron):
    (netron / "grapher.css").unlink()
    with pytest.raises(ViewerError, match=r"has no grapher\.css"):
        write_viewer(tmp_path / "built", {}, netron)


def test_assets_are_built_once_and_follow_the_chapters(repository):
    built = repository / "assets"
    assert shown_models(repository) == ["lenet5"]
    (graphs,) = build_assets(built, repository)
    assert graphs.stat().st_size < 5_000
    for name in ("netron/index.html", "mathjax/tex-chtml-full.js"):
        assert (built / name).exists()
    assert list((built / "mathjax").rglob("*.woff"))
    times = {path: path.stat().st_mtime_ns for path in built.rglob("*")}
    build_assets(built, repository)
    assert {path: path.stat().st_mtime_ns for path in built.rglob("*")} == times
    write(v4.new_notebook(), repository / "book" / "a.ipynb")
    assert build_assets(built, repository) == []
    assert not graphs.exists()


def test_page_offers_the_viewer_and_loads_nothing():
    shown = netron_graph("resnet18", height=300)
    address = "../../_static/netron/index.html?url=../graphs/resnet18.onnx"
    assert f'<a href="{address}"' in shown.html
    assert "<iframe" not in shown.html
    assert "src=" not in re.sub(r'onclick="[^"]*"', "", shown.html)
    assert 'data-height="300"' in shown.html
    assert 'aria-label="Graph of resnet18' in shown.html
    size = "(69 operations, 11,689,512 parameters)</button>"
    assert f"Open the graph in Netron {size}" in shown.html


def test_live_notebook_starts_netron_itself(monkeypatch):
    import netron

    started = []
    monkeypatch.setattr(graph, "is_live", lambda: True)
    monkeypatch.setattr(
        netron, "start", lambda file, browse: started.append(file) or ("localhost", 81)
    )
    frame = netron_graph("lenet5", height=300)
    assert started[0].endswith("lenet5.onnx")
    assert Path(started[0]).stat().st_size > 1000
    assert "localhost:81" in frame.src
    assert Path(started[0]).parent.stat().st_mode & 0o077 == 0  # nobody else's


@pytest.mark.browser
def test_opened_as_a_file_it_says_what_it_needs(tmp_path, page):
    write_viewer(tmp_path, {})
    page.goto(f"{(tmp_path / 'index.html').as_uri()}?url=../graphs/lenet5.onnx")
    expect(page.locator("#message-text")).to_be_visible()
    expect(page.locator("#message-text")).to_contain_text("from a server: make serve")
    expect(page.locator("#message-button")).to_be_hidden()


def test_unknown_model_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'resnet18'"):
        netron_graph("resnet81")
