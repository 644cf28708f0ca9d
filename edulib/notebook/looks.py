"""Where the patches of an image look: choose a patch, a layer and a head.

Plain HTML with a few lines of script: on the page, offline, by mouse, finger or
keyboard. The weights of all pairs are in it, rounded to 64 levels of the largest that a
patch gives.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape

from torch import Tensor

from edulib.notebook.html_output import HtmlOutput, buttons, one_line
from edulib.notebook.pictures import encode

LEVELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
GAP = 0.5  # between the class token and the image, in patches

_STYLE = (
    "<style>:where(.eov-attention){display:grid;justify-items:center;gap:.6rem;"
    "margin:.5rem 0}:where(.eov-attention .eov-bar){display:flex;flex-wrap:wrap;"
    "gap:.35rem 1.2rem;justify-content:center}"
    ":where(.eov-attention .eov-bar>div){display:flex;flex-wrap:wrap;gap:.35rem;"
    "align-items:center}"
    ":where(.eov-attention button){font:inherit;font-size:.9em;padding:.25em .7em;"
    "color:inherit;background:none;border:1px solid #8888;border-radius:6px;"
    "cursor:pointer}"
    ":where(.eov-attention button[aria-pressed=true]){background:#0b55b8;"
    "color:#fff;border-color:#0b55b8}"
    ":where(.eov-attention svg){max-width:100%;height:auto;cursor:pointer}"
    ":where(.eov-attention output){min-height:3em;text-align:center;"
    "font-variant-numeric:tabular-nums}</style>"
)

# As with the slider, the handlers stand on the outermost element: no ids.
_SCRIPT = one_line(
    """
    const b=event.target.closest('button'),g=this.querySelector('svg'),
    d=JSON.parse(this.dataset.attention),c=event.target.dataset.token,
    step={ArrowLeft:-1,ArrowRight:1,ArrowUp:-d.columns,ArrowDown:d.columns};
    let k=+this.dataset.token;
    if(event.type==='keydown'){
      if(event.target!==g||!(event.key in step))return;
      event.preventDefault();
      const up=event.key==='ArrowUp',down=event.key==='ArrowDown',p=d.prefix;
      let n=k+step[event.key];
      if(up&&n<p)n=p?0:k;
      if(down&&k<p)n=p;
      if(n>=0&&n<d.names.length)k=n;
    }else if(b){
      [...b.parentElement.querySelectorAll('button')].forEach(
        x=>x.setAttribute('aria-pressed',x===b));
    }else if(c!==undefined)k=+c;else return;
    this.dataset.token=k;
    const [l,h]=[...this.querySelectorAll('[role=group]')].map(x=>
      [...x.querySelectorAll('button')].findIndex(
        y=>y.getAttribute('aria-pressed')==='true')),
    n=d.names.length,m=d.maps[l][h],p=d.prefix,q=n-p,
    row=!d.slots?m.rows.slice(k*n,k*n+n):k<p?
      'A'.repeat(p)+m.rows.slice(k*q,k*q+q):
      m.back.slice((k-p)*p,(k-p)*p+p)+'A'.repeat(q),
    cells=[...g.querySelectorAll('[data-token]')],
    level=x=>d.levels.indexOf(x)/63;
    let best=0;
    cells.forEach((x,j)=>{const a=level(row[j]);
      x.setAttribute('fill-opacity',(d.veil*(1-Math.sqrt(a))).toFixed(2));
      if(a>level(row[best]))best=j});
    const o=g.querySelector('.eov-chosen');
    ['x','y'].forEach(a=>o.setAttribute(a,cells[k].getAttribute(a)));
    const t=d.layers[l]+', head '+(h+1)+': '+d.names[k]+
      (d.slots&&k>=d.prefix?' is looked at most by ':' looks most at ')+
      (best===k?'itself':d.names[best])+' ('+m.peaks[k]+' %)';
    this.querySelector('output').textContent=t;
    g.setAttribute('aria-valuenow',k);g.setAttribute('aria-valuetext',t);
    """
)


def attention_picker(
    image: Tensor,
    maps: Mapping[str, Tensor],
    alt: str,
    *,
    grid: tuple[int, int],
    prefix_tokens: int = 0,
    width: int = 360,
    groups: str = "layer",
    veil: float = 0.9,
) -> HtmlOutput:
    """Show where each patch of an image looks, in each layer and head.

    The reader chooses the patch (a click, or the arrow keys), the layer and the head;
    the patches stand out of a grey veil by the root of the share that they have in
    what the chosen one gathers, and a line says which is largest, and how large.

    Args:
        image: what the model saw, with values in [0, 1].
        maps: name of a layer -> its weights, as in ``AttentionMap``, of this image.
        alt: what is shown, for those who cannot see it.
        grid: rows and columns of patches.
        prefix_tokens: tokens before the patches, such as the class token.
        width: shown width, in CSS pixels.
        groups: what the names in ``maps`` are names of.
        veil: opacity of the grey over a patch that is not looked at.

    Shape:
        - image: (C, H, W)
        - maps: (heads, N, N) with N = prefix_tokens + rows * columns

    Raises:
        ValueError: if there is no layer, no description, the layers have different
            heads, or the weights do not fit the grid.
    """
    names = _names(grid, prefix_tokens)
    _check(alt, maps, (len(names), len(names)), prefix_tokens, grid)
    data = _data(maps, names, prefix_tokens, grid[1]) | {"veil": veil}
    first = prefix_tokens + grid[0] // 2 * grid[1] + grid[1] // 2
    return _shown(image, data, alt, grid, first, width, groups)


def slot_picker(
    image: Tensor,
    maps: Mapping[str, Tensor],
    alt: str,
    *,
    grid: tuple[int, int],
    slots: Sequence[str],
    width: int = 360,
) -> HtmlOutput:
    """Show where each slot of a decoder looks in an image, in each layer and head.

    The slots stand above the image. A chosen slot shows which patches it looks at, a
    chosen patch which slots look at it.

    Args:
        image: what the model saw, with values in [0, 1].
        maps: name of a layer -> the weights of its cross-attention for this image.
        alt: what is shown, for those who cannot see it.
        grid: rows and columns of patches.
        slots: names of the slots, at most as many as there are columns.
        width: shown width, in CSS pixels.

    Shape:
        - image: (C, H, W)
        - maps: (heads, slots, rows * columns)

    Raises:
        ValueError: as ``attention_picker``, and if there are no slots or too many.
    """
    if not 0 < len(slots) <= grid[1]:
        raise ValueError(f"expected 1 to {grid[1]} slots, got {len(slots)}")
    count = len(slots)
    _check(alt, maps, (count, grid[0] * grid[1]), 0, grid)
    names = [*slots, *_names(grid, 0)]
    data = _data(maps, names, count, grid[1]) | {"veil": 0.9, "slots": True}
    for stored, weights in zip(data["maps"], maps.values(), strict=True):
        for head, exact in zip(stored, weights, strict=True):
            back = _packed(exact.mT)
            head |= {"back": back["rows"], "peaks": head["peaks"] + back["peaks"]}
    return _shown(image, data, alt, grid, 0, width, "layer")


def _check(
    alt: str,
    maps: Mapping[str, Tensor],
    shape: tuple[int, int],
    prefix_tokens: int,
    grid: tuple[int, int],
) -> None:
    if not alt.strip():
        raise ValueError("expected alt to say what is shown, got nothing")
    if not maps:
        raise ValueError("expected the weights of at least one layer, got none")
    heads = len(next(iter(maps.values())))
    for layer, weights in maps.items():
        if tuple(weights.shape) != (heads, *shape):
            raise ValueError(
                f"expected weights ({heads}, {shape[0]}, {shape[1]}) in each layer "
                f"(heads, and {prefix_tokens} + {grid[0]} x {grid[1]} tokens), got "
                f"{tuple(weights.shape)} in {layer!r}"
            )


def _data(
    maps: Mapping[str, Tensor], names: list[str], prefix_tokens: int, columns: int
) -> dict:
    """Return what the script reads."""
    return {
        "columns": columns,
        "prefix": prefix_tokens,
        "names": names,
        "layers": list(maps),
        "levels": LEVELS,
        "maps": [[_packed(head) for head in weights] for weights in maps.values()],
    }


def _shown(
    image: Tensor,
    data: dict,
    alt: str,
    grid: tuple[int, int],
    first: int,
    width: int,
    groups: str,
) -> HtmlOutput:
    count, layers, heads = len(data["names"]), data["layers"], len(data["maps"][0])
    row = data["maps"][0][0]["rows"][first * count :][:count]
    if "slots" in data:
        prefix = data["prefix"]
        row = LEVELS[0] * prefix + row[: count - prefix]
    words = _words(data, first, row)
    html = (
        f'{_STYLE}<div class="eov-attention" data-token="{first}" '
        f'data-attention="{escape(json.dumps(data, separators=(",", ":")))}" '
        f'onclick="{escape(_SCRIPT)}" onkeydown="this.onclick(event)">'
        f'<div class="eov-bar">{_buttons(groups, layers)}'
        f"{_buttons('head', [str(head + 1) for head in range(heads)])}</div>"
        f"{_drawing(image, data, grid, first, row, words, alt, width)}"
        f'<output aria-live="polite">{escape(words)}</output></div>'
    )
    text = f"{alt}\n  {groups}: {', '.join(layers)}; heads: {heads}; tokens: {count}"
    return HtmlOutput(html, text)


def _names(grid: tuple[int, int], prefix_tokens: int) -> list[str]:
    """Return what each token is called."""
    prefix = ["the class token", *(f"extra token {k}" for k in range(1, prefix_tokens))]
    cells = [(r + 1, c + 1) for r in range(grid[0]) for c in range(grid[1])]
    return [*prefix[:prefix_tokens], *(f"row {r}, column {c}" for r, c in cells)]


def _packed(weights: Tensor) -> dict:
    """Write a head's weights as letters, and the largest of each query in percent."""
    peaks = weights.amax(-1)
    levels = (weights / peaks.clamp(min=1e-12)[:, None] * (len(LEVELS) - 1)).round()
    letters = "".join(LEVELS[int(level)] for level in levels.flatten().tolist())
    return {"rows": letters, "peaks": [round(100 * peak) for peak in peaks.tolist()]}


def _words(data: dict, token: int, row: str) -> str:
    """Say where a token looks most in the first layer and head."""
    best = max(range(len(row)), key=lambda key: _level(row[key]))
    where = "itself" if best == token else data["names"][best]
    return (
        f"{data['layers'][0]}, head 1: {data['names'][token]} looks most at {where} "
        f"({data['maps'][0][0]['peaks'][token]} %)"
    )


def _level(letter: str) -> float:
    """Return the share of the largest weight that a letter stands for."""
    return LEVELS.index(letter) / (len(LEVELS) - 1)


def _buttons(what: str, labels: list[str]) -> str:
    """Return a group of buttons of which the first is pressed."""
    return f'<div role="group" aria-label="{what}">{what} {buttons(labels)}</div>'


def _drawing(
    image: Tensor,
    data: dict,
    grid: tuple[int, int],
    token: int,
    row: str,
    words: str,
    alt: str,
    width: int,
) -> str:
    """Return the image under its patches, each as opaque as it is looked at."""
    rows, columns = grid
    prefix = data["prefix"]
    top = 1 + GAP if prefix else 0
    places = [(key, 0.0) for key in range(prefix)]
    places += [(c, top + r) for r in range(rows) for c in range(columns)]
    cells = f'<rect width="{prefix}" height="1" fill="#56B4E9"/>' if prefix else ""
    veils = "".join(
        f'<rect data-token="{key}" x="{x:g}" y="{y:g}" width="1" height="1" '
        f'fill-opacity="{data["veil"] * (1 - _level(row[key]) ** 0.5):.2f}"/>'
        for key, (x, y) in enumerate(places)
    )
    cells += f'<g fill="#888" stroke="#8888" stroke-width=".02">{veils}</g>'
    label = (
        '<text x="1.25" y=".68" font-size=".55" fill="currentColor">class token</text>'
    )
    label = label if prefix == 1 else ""
    if "slots" in data:
        label = "".join(
            f'<text x="{key + 0.5}" y=".68" font-size=".55" text-anchor="middle" '
            f'pointer-events="none" fill="#111">{key + 1}</text>'
            for key in range(prefix)
        )
    picture = encode(image, width)
    smooth = ' style="image-rendering:pixelated"' if picture.pixelated else ""
    x, y = places[token]
    height = round(width * (rows + top) / columns)
    return (
        f'<svg viewBox="-.05 -.05 {columns + 0.1:g} {rows + top + 0.1:g}" '
        f'width="{width}" height="{height}" tabindex="0" role="slider" '
        f'aria-label="{escape(alt)}" aria-valuemin="0" '
        f'aria-valuemax="{len(places) - 1}" aria-valuenow="{token}" '
        f'aria-valuetext="{escape(words)}">'
        f'<image href="{picture.uri}" y="{top:g}" width="{columns}" height="{rows}" '
        f'preserveAspectRatio="none"{smooth}/>{cells}'
        f'{label}<rect class="eov-chosen" x="{x:g}" y="{y:g}" width="1" height="1" '
        f'fill="none" stroke="#D55E00" stroke-width=".14" pointer-events="none"/></svg>'
    )
