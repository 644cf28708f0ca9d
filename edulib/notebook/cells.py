"""A grid whose cells make kernels: click a cell, and see the mask that its kernel cuts.

Plain HTML with a few lines of script, as in ``mixer.py``: on the page, offline, by
mouse, finger or keyboard. Features and kernels are in it, rounded to 256 levels, and
the script multiplies them; features that are 0 everywhere are left out.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from torch import Tensor

from edulib.notebook.html_output import HtmlOutput, buttons, one_line
from edulib.notebook.mixer import OPACITY, TINT, as_levels, mixed, packed, tinted
from edulib.notebook.pictures import encode

ZERO = 128  # the level of a kernel's number 0

_STYLE = (
    "<style>:where(.eov-cells){display:grid;justify-items:center;gap:.6rem;"
    "margin:.5rem 0}:where(.eov-cells .eov-bar){display:flex;flex-wrap:wrap;"
    "gap:.35rem .8rem;justify-content:center;align-items:center}"
    ":where(.eov-cells button){font:inherit;font-size:.9em;padding:.25em .7em;"
    "color:inherit;background:none;border:1px solid #8888;border-radius:6px;"
    "cursor:pointer}"
    ":where(.eov-cells button[aria-pressed=true]){background:#0b55b8;color:#fff;"
    "border-color:#0b55b8}"
    ":where(.eov-cells svg){max-width:100%;height:auto;cursor:pointer}"
    ":where(.eov-cells output){min-height:3em;text-align:center;"
    "font-variant-numeric:tabular-nums}</style>"
)

_SCRIPT = one_line(
    """
    const b=event.target.closest('button'),g=this.querySelector('svg'),
    d=JSON.parse(this.dataset.grids),all=[...this.querySelectorAll('button')];
    let [l,r,c]=this.dataset.at.split(',').map(Number),s=d.grids[l].side;
    const within=x=>Math.max(0,Math.min(s-1,x));
    if(event.type==='keydown'){
      const m={ArrowLeft:[0,-1],ArrowRight:[0,1],ArrowUp:[-1,0],ArrowDown:[1,0]}[
        event.key];
      if(event.target!==g||!m)return;
      event.preventDefault();
      r=within(r+m[0]);c=within(c+m[1]);
    }else if(b){
      l=all.indexOf(b);
      const n=d.grids[l].side;
      r=Math.floor((r+0.5)/s*n);c=Math.floor((c+0.5)/s*n);s=n;
      all.forEach(x=>x.setAttribute('aria-pressed',x===b));
    }else if(event.target.closest('svg')===g){
      const q=g.getBoundingClientRect();
      r=within(Math.floor((event.clientY-q.top)/q.height*s));
      c=within(Math.floor((event.clientX-q.left)/q.width*s));
    }else return;
    this.dataset.at=[l,r,c];
    const o=d.grids[l],w=d.columns,h=d.rows,e=d.scales.length,k=r*s+c,
    bytes=t=>Uint8Array.from(atob(t),x=>x.charCodeAt(0)),
    f=bytes(d.features),u=bytes(o.kernels),
    a=d.scales.map((t,j)=>t*o.scale*(u[k*e+j]-d.zero)),
    v=document.createElement('canvas');v.width=w;v.height=h;
    const p=v.getContext('2d'),m=p.createImageData(w,h);let marked=0;
    for(let i=0;i<w*h;i++){
      let z=0;for(let j=0;j<e;j++)z+=a[j]*f[j*w*h+i];
      marked+=z>0;
      m.data.set([...d.tint,Math.round(d.opacity/(1+Math.exp(-z)))],4*i)}
    p.putImageData(m,0,0);
    this.querySelector('.eov-mask').setAttribute('href',v.toDataURL());
    const W=d.width/s,H=d.height/s,x=this.querySelector('.eov-chosen');
    let t='';
    for(let n=1;n<s;n++)t+=`M${n*W} 0V${d.height}M0 ${n*H}H${d.width}`;
    this.querySelector('.eov-lines').setAttribute('d',t);
    [['x',c*W],['y',r*H],['width',W],['height',H]].forEach(
      y=>x.setAttribute(...y));
    const says=o.says.split('\\n')[k],
    words=`row ${r+1}, column ${c+1}: ${says}; its kernel marks `+
      `${Math.round(100*marked/w/h)} % of the picture`;
    this.querySelector('output').textContent=words;
    g.setAttribute('aria-valuemax',s*s-1);g.setAttribute('aria-valuenow',k);
    g.setAttribute('aria-valuetext',words);
    """
)


class Grid(NamedTuple):
    """What the cells of a grid say.

    Attributes:
        kernels: (E, S, S).
        says: what each cell takes its object for, in words, row by row.
    """

    kernels: Tensor
    says: Sequence[str]


def cell_picker(
    image: Tensor,
    features: Tensor,
    grids: Mapping[str, Grid],
    alt: str,
    *,
    cell: tuple[int, int] = (0, 0),
    width: int = 320,
) -> HtmlOutput:
    """Show the mask that the kernel of a chosen cell cuts out of the features.

    The reader chooses a grid and a cell (a click, or the arrow keys). The deeper the
    tint, the higher the probability; a line says what the cell takes its object for.

    Args:
        image: what the network saw, (3, H, W), with values in [0, 1].
        features: (E, h, w), at least 0.
        grids: name -> what its cells say.
        alt: what is shown, for those who cannot see it.
        cell: row and column, from 0, that are chosen at first, in the first grid.
        width: shown width of the image, in CSS pixels.

    Raises:
        ValueError: if there is no grid or no description, or shapes do not fit.
    """
    if not alt.strip():
        raise ValueError("expected alt to say what is shown, got nothing")
    if not grids:
        raise ValueError("expected at least one grid, got none")
    count, rows, columns = features.shape
    for name, grid in grids.items():
        side = grid.kernels.shape[-1]
        if grid.kernels.shape != (count, side, side) or len(grid.says) != side**2:
            raise ValueError(
                f"expected kernels ({count}, S, S) and words for S * S cells, got "
                f"{tuple(grid.kernels.shape)} and {len(grid.says)} of {name!r}"
            )
    side = next(iter(grids.values())).kernels.shape[-1]
    if not all(0 <= place < side for place in cell):
        raise ValueError(f"expected a cell from 0 to {side - 1}, got {cell}")
    alive = features.flatten(1).amax(1) > 0  # a map of zeros adds to no mask
    grids = {
        name: grid._replace(kernels=grid.kernels[alive]) for name, grid in grids.items()
    }
    levels, scales = as_levels(features[alive])
    data = {
        "rows": rows,
        "columns": columns,
        "width": width,
        "height": round(width * image.shape[-2] / image.shape[-1]),
        "tint": TINT,
        "opacity": OPACITY,
        "zero": ZERO,
        "scales": scales,
        "features": packed(levels),
        "grids": [_described(grid) for grid in grids.values()],
    }
    mask = _first_mask(levels, data, next(iter(grids.values())), cell)
    row, column = cell
    says = next(iter(grids.values())).says[row * side + column]
    marked = round(100 * (mask > 0.5).float().mean().item())
    words = (
        f"row {row + 1}, column {column + 1}: {says}; its kernel marks {marked} % of "
        "the picture"
    )
    html = (
        f'{_STYLE}<div class="eov-cells" data-at="0,{row},{column}" '
        f'data-grids="{escape(json.dumps(data, separators=(",", ":")))}" '
        f'onclick="{escape(_SCRIPT)}" onkeydown="this.onclick(event)">'
        f'<div class="eov-bar" role="group" aria-label="grid">{buttons(list(grids))}'
        f"</div>{_drawing(image, mask, data, cell, words, alt)}"
        f'<output aria-live="polite">{escape(words)}</output></div>'
    )
    return HtmlOutput(html, f"{alt}\n  {', '.join(grids)}; {words}")


def _scale(kernels: Tensor) -> float:
    return float(f"{max(kernels.abs().max().item(), 1e-6) / (ZERO - 1):.4g}")


def _levels(kernels: Tensor) -> Tensor:
    """Return whole numbers (S, S, E) of which `ZERO` means 0."""
    return (kernels / _scale(kernels)).round().clamp(1 - ZERO, ZERO - 1).permute(
        1, 2, 0
    ) + ZERO


def _described(grid: Grid) -> dict:
    """Return what the script knows of a grid."""
    return {
        "side": grid.kernels.shape[-1],
        "scale": _scale(grid.kernels),
        "kernels": packed(_levels(grid.kernels)),
        "says": "\n".join(grid.says),
    }


def _first_mask(
    levels: Tensor, data: dict, grid: Grid, cell: tuple[int, int]
) -> Tensor:
    """Return the first mask (h, w), of the rounded numbers."""
    kernel = (_levels(grid.kernels)[cell] - ZERO) * _scale(grid.kernels)
    return mixed(levels, data["scales"], kernel)


def _drawing(
    image: Tensor,
    mask: Tensor,
    data: dict,
    cell: tuple[int, int],
    words: str,
    alt: str,
) -> str:
    """Return the image under the mask, the lines of the grid and the chosen cell."""
    width, height, side = data["width"], data["height"], data["grids"][0]["side"]
    across, down = width / side, height / side
    lines = "".join(
        f"M{k * across:g} 0V{height}M0 {k * down:g}H{width}" for k in range(1, side)
    )
    places = f'width="{width}" height="{height}" preserveAspectRatio="none"'
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'tabindex="0" role="slider" aria-label="{escape(alt)}" aria-valuemin="0" '
        f'aria-valuemax="{side**2 - 1}" aria-valuenow="{cell[0] * side + cell[1]}" '
        f'aria-valuetext="{escape(words)}">'
        f'<image href="{encode(image, width).uri}" {places}/>'
        f'<image class="eov-mask" href="{tinted(mask)}" {places}/>'
        f'<path class="eov-lines" d="{lines}" stroke="#fff" stroke-opacity=".45" '
        f'stroke-width="1"/><rect class="eov-chosen" x="{cell[1] * across:g}" '
        f'y="{cell[0] * down:g}" width="{across:g}" height="{down:g}" fill="none" '
        'stroke="#111827" stroke-width="3" paint-order="stroke"/></svg>'
    )
