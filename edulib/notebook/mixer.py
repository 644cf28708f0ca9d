"""A mask as a mixture of prototypes: turn the coefficients, and see what it becomes.

Plain HTML with a few lines of script, as in ``looks.py``: on the page, offline, by
mouse, finger or keyboard. The prototypes are in it, rounded to 256 levels each.
"""

import base64
import io
import json
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from torch import Tensor

from edulib.notebook.html_output import HtmlOutput, one_line
from edulib.notebook.pictures import encode

TINT = (215, 48, 140)
OPACITY = 190  # of 255, where the probability is 1
STEP = 0.05  # of a coefficient

_STYLE = (
    "<style>:where(.eov-mixer){display:grid;justify-items:center;gap:.6rem;"
    "grid-template-columns:minmax(0,1fr);margin:.5rem 0}"
    ":where(.eov-mixer .eov-bar){display:flex;flex-wrap:wrap;"
    "gap:.35rem .8rem;justify-content:center}"
    ":where(.eov-mixer button){font:inherit;font-size:.9em;padding:.25em .7em;"
    "color:inherit;background:none;border:1px solid #8888;border-radius:6px;"
    "cursor:pointer}"
    ":where(.eov-mixer button[aria-pressed=true]){background:#0b55b8;color:#fff;"
    "border-color:#0b55b8}:where(.eov-mixer svg){max-width:100%;height:auto}"
    ":where(.eov-mixer image){image-rendering:pixelated}"
    ":where(.eov-mixer .eov-knobs){display:grid;width:100%;max-width:40rem;"
    "gap:.4rem 1.2rem;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr))}"
    ":where(.eov-mixer .eov-knobs div){display:flex;gap:.5rem;align-items:center}"
    ":where(.eov-mixer .eov-knobs svg){flex:none}"
    ":where(.eov-mixer input){flex:1;min-width:5rem;accent-color:#0b55b8}"
    ":where(.eov-mixer output){font-variant-numeric:tabular-nums;min-width:3em}"
    "</style>"
)

_SCRIPT = one_line(
    """
    const b=event.target.closest('button'),d=JSON.parse(this.dataset.mix),
    r=[...this.querySelectorAll('input')],
    all=[...this.querySelectorAll('[data-object]')],
    cut=this.querySelector('[data-crop]'),
    on=x=>x.getAttribute('aria-pressed')==='true';
    if(event.type==='click'&&!b)return;
    if(b===cut)cut.setAttribute('aria-pressed',!on(cut));
    else if(b){all.forEach(x=>x.setAttribute('aria-pressed',x===b));
      d.objects[all.indexOf(b)].coefficients.forEach((c,k)=>r[k].value=c)}
    const o=d.objects[all.findIndex(on)],crop=on(cut),w=d.columns,h=d.rows,
    maps=d.prototypes.map(p=>Uint8Array.from(atob(p),x=>x.charCodeAt(0))),
    c=document.createElement('canvas');c.width=w;c.height=h;
    const g=c.getContext('2d'),m=g.createImageData(w,h);let both=0,either=0;
    for(let i=0;i<w*h;i++){
      let z=0;r.forEach((x,k)=>{z+=x.value*d.scales[k]*maps[k][i]});
      const x=i%w,y=(i-x)/w,[l,t,e,f]=o.crop,
      p=!crop||(x>=l&&x<e&&y>=t&&y<f)?1/(1+Math.exp(-z)):0,
      is=p>0.5,there=o.truth[i]==='1';
      both+=is&&there;either+=is||there;
      m.data.set([...d.tint,Math.round(d.opacity*p)],4*i)}
    g.putImageData(m,0,0);
    this.querySelector('.eov-mask').setAttribute('href',c.toDataURL());
    r.forEach(x=>{x.nextElementSibling.textContent=(+x.value).toFixed(2)});
    this.querySelector('.eov-fit').textContent='IoU with the true mask: '+
      (either?both/either:0).toFixed(2);
    """
)


class Mixture(NamedTuple):
    """How the mask of an object is mixed, and what it should be.

    Attributes:
        coefficients: (k,), from -1 to 1.
        inside: (h, w), bool: the cells that its box leaves, a rectangle.
        truth: (h, w), bool: the true mask.
    """

    coefficients: Tensor
    inside: Tensor
    truth: Tensor


def mask_mixer(
    image: Tensor,
    prototypes: Tensor,
    objects: Mapping[str, Mixture],
    alt: str,
    *,
    width: int = 300,
) -> HtmlOutput:
    """Show the mask that prototypes and coefficients give, with a slider for each.

    The reader chooses an object, whose own coefficients are set, turns them, and crops
    the mask to the object's box or not. The deeper the tint, the higher the
    probability; a line says how well the cells above 0.5 fit the true mask.

    Args:
        image: what the network saw, (3, H, W), with values in [0, 1].
        prototypes: (k, h, w), at least 0.
        objects: name -> how its mask is mixed.
        alt: what is shown, for those who cannot see it.
        width: shown width of the image, in CSS pixels.

    Raises:
        ValueError: if there is no object or no description, or shapes do not fit.
    """
    if not alt.strip():
        raise ValueError("expected alt to say what is shown, got nothing")
    if not objects:
        raise ValueError("expected at least one object, got none")
    count, rows, columns = prototypes.shape
    for name, one in objects.items():
        shapes = tuple(one.coefficients.shape), tuple(one.truth.shape)
        if shapes != ((count,), (rows, columns)) or one.inside.shape != one.truth.shape:
            raise ValueError(
                f"expected {count} coefficients and masks ({rows}, {columns}), got "
                f"{shapes[0]} and {shapes[1]} of {name!r}"
            )
    levels, scales = as_levels(prototypes)
    data = {
        "rows": rows,
        "columns": columns,
        "tint": TINT,
        "opacity": OPACITY,
        "scales": scales,
        "prototypes": [packed(one) for one in levels],
        "objects": [_described(one) for one in objects.values()],
    }
    first = data["objects"][0]
    mask, fit = _first_mask(levels, data, first)
    html = (
        f'{_STYLE}<div class="eov-mixer" '
        f'data-mix="{escape(json.dumps(data, separators=(",", ":")))}" '
        f'oninput="{escape(_SCRIPT)}" onclick="this.oninput(event)">'
        f"{_buttons(list(objects))}{_drawing(image, mask, alt, width)}"
        f'<output class="eov-fit" aria-live="polite">{_words(fit)}</output>'
        f'<div class="eov-knobs">{_knobs(levels, first["coefficients"])}</div></div>'
    )
    return HtmlOutput(html, f"{alt}\n  {count} prototypes; {', '.join(objects)}")


def as_levels(maps: Tensor) -> tuple[Tensor, list[float]]:
    """Round maps (E, h, w) of numbers from 0 on to 256 levels each.

    Returns:
        The levels, whole numbers, and what one level of each map is worth.
    """
    peaks = maps.flatten(1).amax(1).clamp(min=1e-6)
    levels = (maps / peaks[:, None, None] * 255).round()
    return levels, [float(f"{peak / 255:.4g}") for peak in peaks.tolist()]


def mixed(levels: Tensor, scales: list[float], weights: Tensor) -> Tensor:
    """Return the probabilities (h, w) of a weighted sum of maps.

    Args:
        levels: (E, h, w), as `scales` from `as_levels`.
        scales: what one level of each map is worth.
        weights: (E,).
    """
    scaled = levels * levels.new_tensor(scales)[:, None, None]
    return (scaled * weights[:, None, None]).sum(0).sigmoid()


def packed(levels: Tensor) -> str:
    """Write whole numbers up to 255 as base64.

    Args:
        levels: of any shape.
    """
    return base64.b64encode(bytes(levels.flatten().int().tolist())).decode()


def _described(one: Mixture) -> dict:
    """Return what the script knows of an object."""
    y, x = one.inside.nonzero(as_tuple=True)
    crop = [x.min(), y.min(), x.max() + 1, y.max() + 1] if len(x) else [0] * 4
    steps = (one.coefficients / STEP).round().tolist()
    return {
        "coefficients": [round(step * STEP, 2) for step in steps],
        "crop": [int(edge) for edge in crop],
        "truth": "".join("01"[value] for value in one.truth.flatten().tolist()),
    }


def _first_mask(levels: Tensor, data: dict, one: dict) -> tuple[str, float]:
    """Return the first picture as an address, and the IoU of its mask."""
    weights = levels.new_tensor(one["coefficients"])
    values = mixed(levels, data["scales"], weights)
    left, top, right, bottom = one["crop"]
    kept = values.new_zeros(values.shape)
    kept[top:bottom, left:right] = values[top:bottom, left:right]
    truth = values.new_tensor([int(c) for c in one["truth"]]).view_as(kept) > 0
    both, either = (kept > 0.5) & truth, (kept > 0.5) | truth
    return tinted(kept), both.sum().item() / max(either.sum().item(), 1)


def tinted(mask: Tensor) -> str:
    """Return the address of a picture, the more opaque the higher a probability.

    Args:
        mask: (h, w), from 0 to 1.
    """
    from PIL import Image

    pixels = mask.new_tensor([*TINT, 0]).repeat(*mask.shape, 1)
    pixels[..., 3] = (OPACITY * mask).round()
    buffer = io.BytesIO()
    Image.fromarray(pixels.byte().numpy(), "RGBA").save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _words(fit: float) -> str:
    return f"IoU with the true mask: {fit:.2f}"


def _buttons(names: list[str]) -> str:
    objects = "".join(
        f'<button type="button" data-object="{k}" '
        f'aria-pressed="{"false" if k else "true"}">{escape(name)}</button>'
        for k, name in enumerate(names)
    )
    crop = '<button type="button" data-crop="" aria-pressed="true">crop</button>'
    return f'<div class="eov-bar">{objects}{crop}</div>'


def _drawing(image: Tensor, mask: str, alt: str, width: int) -> str:
    """Return the image under the mask."""
    height = round(width * image.shape[-2] / image.shape[-1])
    places = f'width="{width}" height="{height}" preserveAspectRatio="none"'
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(alt)}">'
        f'<image href="{encode(image, width).uri}" {places}/>'
        f'<image class="eov-mask" href="{mask}" {places}/></svg>'
    )


def _knobs(levels: Tensor, coefficients: list[float]) -> str:
    """Return a slider for each prototype, beside its picture."""
    knobs = []
    for k, (level, value) in enumerate(zip(levels, coefficients, strict=True)):
        picture = encode(level / 255, 56)
        knobs.append(
            '<div><svg viewBox="0 0 1 1" width="56" height="56" aria-hidden="true">'
            f'<image href="{picture.uri}" width="1" height="1"/></svg>'
            f'<input type="range" min="-1" max="1" step="{STEP}" value="{value:g}" '
            f'autocomplete="off" aria-label="coefficient of prototype {k + 1}">'
            f"<output>{value:.2f}</output></div>"
        )
    return "".join(knobs)
