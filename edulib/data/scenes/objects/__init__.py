"""The ten kinds of object and their named parts."""

from functools import cache

from edulib.data.scenes.objects.animals import bird, butterfly, fish
from edulib.data.scenes.objects.people import face, house
from edulib.data.scenes.objects.plants import flower, tree
from edulib.data.scenes.objects.vehicles import bicycle, boat, car
from edulib.data.scenes.sketch import Sketch, Template
from edulib.data.scenes.stream import Stream

VARIANTS = 12  # designs of each kind
DESIGNS = {
    "house": house,
    "car": car,
    "tree": tree,
    "face": face,
    "fish": fish,
    "boat": boat,
    "flower": flower,
    "bird": bird,
    "bicycle": bicycle,
    "butterfly": butterfly,
}
KINDS = tuple(DESIGNS)

# Number 0 is what belongs to no part. Some parts occur in several kinds of object.
PARTS = (
    "background",
    *("wall", "roof", "door", "window", "chimney"),  # window: house, car
    *("bodywork", "wheel", "lamp"),  # wheel: car, bicycle
    *("trunk", "crown", "fruit"),
    *("head", "hair", "ear", "eye", "nose", "mouth", "shirt"),  # eye: face, fish, bird
    *("body", "tail", "fin"),  # body: fish, bird, butterfly; tail: fish, bird
    *("hull", "mast", "sail", "flag"),
    *("petal", "disc", "stem", "leaf"),
    *("wing", "beak", "leg", "antenna"),  # wing: bird, butterfly
    *("frame", "saddle", "handlebar", "basket"),
)
TEXTURES = {
    "house": ("plain", "brick", "brick", "striped"),
    "car": ("plain", "plain", "striped", "dotted"),
    "tree": ("plain",),
    "face": ("plain", "striped", "dotted"),
    "fish": ("plain", "striped", "striped", "dotted"),
    "boat": ("plain", "striped", "striped", "dotted"),
    "flower": ("plain",),
    "bird": ("plain", "plain", "striped", "dotted"),
    "bicycle": ("plain",),
    "butterfly": ("plain", "plain", "striped", "dotted"),
}


@cache
def template(kind: str, variant: int, texture: str) -> Template:
    """The finished design of one kind of object.

    Args:
        kind: one of ``KINDS``.
        variant: which of its designs: 0 to ``VARIANTS`` - 1.
        texture: one of ``TEXTURES[kind]``.
    """
    sketch = Sketch(PARTS, texture)
    DESIGNS[kind](sketch, Stream("design", kind, variant))
    return sketch.finish()


@cache
def parts_of(kind: str) -> tuple[str, ...]:
    """Names of the parts which objects of a kind can have, in the order of PARTS.

    Args:
        kind: of object.
    """
    numbers = {
        part
        for variant in range(VARIANTS)
        for *_, part in template(kind, variant, "plain").shapes
    }
    return tuple(PARTS[number] for number in sorted(numbers - {0}))
