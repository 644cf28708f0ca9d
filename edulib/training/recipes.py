"""How each shipped checkpoint is made: ``python -m edulib.training.recipes NAME``.

To ship a checkpoint, add a row to ``SHIPPED``:

    "lenet5-digits": Shipped(
        builder="edulib.classification.lenet.lenet5",
        arguments={"in_channels": 1},
        data=partial(digits, image_size=32),
        recipe=Recipe(epochs=10, lr=0.05),
        at_least=0.97,
    ),

and run the command with its name: it trains on two CPU threads, refuses a result below
``at_least``, and writes ``edulib/checkpoints/NAME.safetensors`` and ``NAME.json``. A
chapter then calls ``load("lenet5-digits")``. ``data`` is a function without arguments
that returns the training and the validation set, as tensors or as datasets. Keep a file
under 2 MB: half a million parameters.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from edulib.pretrained import FOLDER, Card, build, save
from edulib.registry import suggest
from edulib.training.batches import Examples
from edulib.training.loop import evaluate, fit
from edulib.training.recipe import Recipe

Split = tuple[Examples, Examples]


@dataclass(frozen=True)
class Shipped:
    """A checkpoint that comes with the package.

    Args:
        builder: dotted path of the function that builds the model.
        arguments: keyword arguments of the builder.
        data: returns the training and the validation set.
        recipe: how it is trained.
        at_least: validation accuracy below which it is not shipped.
    """

    builder: str
    arguments: dict
    data: Callable[[], Split]
    recipe: Recipe
    at_least: float


def digits(image_size: int = 8) -> Split:
    """Scikit-learn's handwritten digits, grey, ``image_size`` pixels wide."""
    from edulib.data import Digits, as_tensors

    sets = (Digits(split, image_size) for split in ("train", "test"))
    return tuple(as_tensors(one) for one in sets)


def scenes(
    train: int = 4000, val: int = 1000, image_size: int = 64, scale: str = "any"
) -> Split:
    """Scenes, labelled with their main object; validation scenes have another seed."""
    from edulib.data import Scenes, as_tensors

    sets = (
        Scenes(length, image_size, seed=seed, scale=scale)
        for seed, length in enumerate((train, val))
    )
    return tuple(as_tensors(one) for one in sets)


def scenes_of_sizes(train: int = 700, val: int = 200) -> Split:
    """Scenes of 64 pixels, so many each with small, medium and large objects."""
    sizes = ("small", "medium", "large")
    pairs = [scenes(train, val, scale=size) for size in sizes]
    return tuple(
        (torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts]))
        for parts in zip(*pairs, strict=True)
    )


def crops(train: int = 24_576, val: int = 1024) -> Split:
    """Crops of 24 x 24 pixels, labelled with the place of a photograph they show."""
    from edulib.data import photo_crops

    return photo_crops(train), photo_crops(val, seed=1)


def photo_patches(train: int = 7680, val: int = 640, num_classes: int = 64) -> Split:
    """Patches of photographs, 64 pixels wide, labelled with the place they show.

    All have the same mean colour and contrast, so that a place must be known by its
    edges and textures.
    """
    from edulib.data import ExemplarPatches, as_tensors, global_contrast_normalization

    sets = []
    for split, length in (("train", train), ("val", val)):
        patches = ExemplarPatches(length, 64, num_classes=num_classes, split=split)
        images, labels = as_tensors(patches)
        sets.append((global_contrast_normalization(images), labels))
    return tuple(sets)


_ZFNET = Recipe(optimizer="adamw", lr=0.002, weight_decay=0.05, clip_norm=1.0)

SHIPPED: dict[str, Shipped] = {
    "plain20-digits": Shipped(
        builder="edulib.classification.resnet.plain20",
        arguments={"in_channels": 1, "width": 8},
        data=partial(digits, image_size=16),
        recipe=Recipe(epochs=10, lr=0.1),
        at_least=0.95,
    ),
    "resnet56-digits": Shipped(
        builder="edulib.classification.resnet.resnet56_cifar",
        arguments={"in_channels": 1, "width": 8},
        data=partial(digits, image_size=16),
        recipe=Recipe(epochs=10, lr=0.1),
        at_least=0.97,
    ),
    "resnet20-scenes": Shipped(
        builder="edulib.classification.resnet.resnet20_cifar",
        arguments={"width": 8},
        data=partial(scenes, train=3000, val=500, image_size=48),
        recipe=Recipe(epochs=6, lr=0.1),
        at_least=0.85,
    ),
    "nin-small-scenes": Shipped(
        builder="edulib.classification.nin.nin_small",
        arguments={},
        data=partial(scenes, train=2000, val=500, scale="large"),
        recipe=Recipe(epochs=20, optimizer="adamw", lr=0.005, clip_norm=1.0),
        at_least=0.8,
    ),
    "googlenet-small-scenes": Shipped(
        builder="edulib.classification.googlenet.googlenet_small",
        arguments={},
        data=scenes_of_sizes,
        recipe=Recipe(epochs=6, optimizer="adamw", lr=0.005, clip_norm=1.0),
        at_least=0.7,
    ),
    "zfnet-small-scenes": Shipped(
        builder="edulib.classification.zfnet.zfnet_small",
        arguments={},
        data=partial(scenes, train=2000, val=500, scale="large"),
        recipe=_ZFNET,
        at_least=0.85,
    ),
    "zfnet-small-photos": Shipped(
        builder="edulib.classification.zfnet.zfnet_small",
        arguments={"num_classes": 64},
        data=photo_patches,
        recipe=replace(_ZFNET, epochs=6, weight_decay=0.2),
        at_least=0.95,
    ),
    "vgg-small-photos": Shipped(
        builder="edulib.classification.vgg.vgg_small",
        arguments={"num_classes": 64},
        data=photo_patches,
        recipe=replace(_ZFNET, epochs=20, weight_decay=0.05),
        at_least=0.75,
    ),
    "alexnet-patches-photos": Shipped(
        builder="edulib.classification.alexnet.alexnet_patches",
        arguments={},
        data=crops,
        recipe=Recipe(epochs=8, lr=0.03, weight_decay=2e-3, clip_norm=1.0),
        at_least=0.8,
    ),
    "alexnet-small-photos": Shipped(
        builder="edulib.classification.zfnet.alexnet_small",
        arguments={"num_classes": 64},
        data=photo_patches,
        recipe=replace(_ZFNET, epochs=6, weight_decay=0.2),
        at_least=0.95,
    ),
}


def make(name: str, folder: str = str(FOLDER)) -> float:
    """Train and save a shipped checkpoint.

    Returns:
        Its accuracy on the validation set.

    Raises:
        ValueError: if there is no recipe of that name.
        RuntimeError: if the accuracy is below what the recipe promises.
    """
    if name not in SHIPPED:
        raise ValueError(f"no recipe for {name!r}: {suggest(name, SHIPPED)}")
    row = SHIPPED[name]
    train, val = row.data()
    torch.manual_seed(row.recipe.seed)
    model = build(row.builder, row.arguments)
    fit(model, train, recipe=row.recipe)
    result = evaluate(model, val)
    if result.accuracy < row.at_least:
        raise RuntimeError(
            f"{name} reached {result}, below the promised {row.at_least:.1%}: "
            "nothing was saved; change the recipe"
        )
    measured = {"val_loss": result.loss, "val_accuracy": result.accuracy}
    card = Card(row.builder, row.arguments, in_words(row.data), row.recipe, measured)
    save(model, name, card, folder)
    return result.accuracy


def in_words(data: Callable[[], Split]) -> str:
    """A data function and its arguments, as they stand in the card."""
    if not isinstance(data, partial):
        return f"{data.__name__}()"
    arguments = ", ".join(f"{key}={value!r}" for key, value in data.keywords.items())
    return f"{data.func.__name__}({arguments})"


def use_two_cores() -> None:
    """Train on two threads; numbers below 1e-38, which are slow, count as 0."""
    torch.set_flush_denormal(True)  # first: new threads take it over
    torch.set_num_threads(2)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m edulib.training.recipes",
        description="Remake a checkpoint that comes with the package.",
    )
    parser.add_argument("name", nargs="+", choices=sorted(SHIPPED), metavar="NAME")
    parser.add_argument("--folder", default=str(FOLDER), help="where to save")
    options = parser.parse_args(arguments)
    use_two_cores()
    for name in options.name:
        print(f"{name}: validation accuracy {make(name, options.folder):.2%}")


if __name__ == "__main__":
    main()
