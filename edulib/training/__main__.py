"""Command line: train any model of the registry. See ``--help``."""

import argparse
import sys
from pathlib import Path

import torch

from edulib.data.sources import NAMES, load_source
from edulib.registry import get_builder, get_model_info
from edulib.training import distributed
from edulib.training.loop import fit
from edulib.training.objectives import (
    Classification,
    Detection,
    Objective,
    Segmentation,
)
from edulib.training.recipe import DEFAULT_RECIPE, OPTIMIZERS, SCHEDULES, Recipe

EXAMPLES = """examples:
  python -m edulib.training resnet20_cifar --data digits --epochs 8
  python -m edulib.training resnet18 --data scenes
  python -m edulib.training resnet50 --data folder --root photos --device cuda
  python -m edulib.training ssd300_vgg16 --optimizer adamw --lr 0.001 --clip-norm 5
  python -m edulib.training maskrcnn_resnet50_fpn --task instance_segmentation
  python -m edulib.training fasterrcnn_resnet50_fpn --data voc_boxes --root data
  torchrun --nproc-per-node=2 -m edulib.training resnet18 --data cifar10 --root data

A training that was stopped goes on when the same command is given again."""

TASKS: dict[str, tuple[Objective, str]] = {  # and the measure that is printed
    "classification": (Classification(), "accuracy"),
    "segmentation": (Segmentation(), "mean_iou"),
    "detection": (Detection(), "AP50"),
    "instance_segmentation": (Detection(masks=True), "mask_AP50"),
}
NUMBERS = {
    "epochs": "passes over the training set",
    "batch_size": "images to a step, at most",
    "lr": "highest learning rate",
    "momentum": "of SGD; first beta of AdamW",
    "weight_decay": "pull of the weights towards zero",
    "warmup": "fraction of the training in which the rate rises",
    "clip_norm": "greatest norm of the gradient",
    "label_smoothing": "share of the target spread over all classes",
    "workers": "processes that load images",
    "seed": "of weights, order, augmentation and dropout",
}


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m edulib.training",
        description="Train a model of the book.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help="a name in the registry, such as resnet18")
    parser.add_argument("--task", choices=TASKS, help="default: the model's")
    parser.add_argument("--data", choices=NAMES, default="scenes")
    parser.add_argument("--root", help="folder of the images, where they are files")
    parser.add_argument("--image-size", type=int, help="pixels (default: usual ones)")
    parser.add_argument("--length", type=int, default=4000, help="how many scenes")
    parser.add_argument("--num-classes", type=int, help="default: those of the data")
    parser.add_argument("--output", help="default: runs/MODEL-DATA.pt")
    gpu = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument(
        "--device", default=gpu, help="cpu or cuda (default: %(default)s)"
    )
    recipe = parser.add_argument_group("recipe")
    recipe.add_argument("--optimizer", choices=OPTIMIZERS, default="sgd")
    recipe.add_argument("--schedule", choices=SCHEDULES, default="onecycle")
    for name, text in NUMBERS.items():
        value = getattr(DEFAULT_RECIPE, name)
        recipe.add_argument(
            f"--{name.replace('_', '-')}",
            type=float if value is None else type(value),
            default=value,
            help=f"{text} (default: %(default)s)",
        )
    return parser.parse_args(arguments)


def train(options: argparse.Namespace) -> None:
    """Train as the options say, and tell where the weights lie."""
    names = (*NUMBERS, "optimizer", "schedule")
    recipe = Recipe(**{name: getattr(options, name) for name in names})
    build, info = get_builder(options.model), get_model_info(options.model)
    task = options.task or info.task
    if task not in TASKS:
        raise ValueError(f"expected a model for one of {tuple(TASKS)}, got {task!r}")
    objective, measure = TASKS[task]
    size = options.image_size
    if size is None and task != "classification":
        size = min(info.image_shape[1:])
    with distributed.init_distributed(options.device) as device:
        with distributed.rank_zero_first():
            data = load_source(options.data, size, options.length, options.root, task)
        classes = options.num_classes
        torch.manual_seed(recipe.seed)
        model = build(
            num_classes=data.num_classes if classes is None else classes,
            in_channels=data.in_channels,
        )
        output = Path(options.output or f"runs/{options.model}-{options.data}.pt")
        history = fit(
            model,
            data.train,
            data.val,
            recipe,
            objective=objective,
            device=device,
            checkpoint=output,
        )
        if distributed.rank() == 0:
            print(f"validation {measure} {history.val[measure][-1]:.2%}")
            print(f"weights: edulib.training.load_weights(model, {str(output)!r})")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; what the user can mend is said in one line.

    Returns:
        0; 1 after an error that the message explains; 130 after Ctrl-C.
    """
    options = parse(arguments)
    try:
        train(options)
    except (ValueError, OSError, FloatingPointError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        said = str(stop) or "stopped before the training began: nothing was changed"
        print(f"\n{said}", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
