"""Networks that this package did not write: do the rows of their tables add up?

Every network of torchvision's and timm's lists is traced on the meta device, and each
row of its table that is one layer is compared with that layer's own parameters and
kernel.
"""

import gc
import json
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from edulib.anatomy.copies import cpu_copy
from edulib.anatomy.describe import describe_op
from edulib.anatomy.graph import Graph, Node
from edulib.anatomy.inputs import make_inputs
from edulib.anatomy.trace import count_parameters, trace_graph
from edulib.benchmarks.memory import memory_limit
from edulib.files import atomic_write

KEPT = Path("build/foreign.jsonl")  # what a killed run found, to go on with
LIMIT = 0.1, 0.001  # seconds of a trace: in all, and more for each operation
TURNS = 3  # of what seemed slow: what else the machine runs only adds to the time
MEMORY = 4 * 2**30  # bytes: a network that must be run on values may be too large
# One of each family: what the fast tests look at, and every other run begins with.
SAMPLE = (
    "torchvision/deeplabv3_mobilenet_v3_large",
    "torchvision/densenet121",
    "torchvision/fasterrcnn_mobilenet_v3_large_320_fpn",
    "torchvision/googlenet",
    "torchvision/inception_v3",
    "torchvision/maxvit_t",
    "torchvision/raft_small",
    "torchvision/s3d",
    "torchvision/shufflenet_v2_x0_5",
    "torchvision/swin3d_t",
    "torchvision/swin_v2_t",
    "torchvision/vit_b_32",
    "timm/beit_base_patch16_224",
    "timm/cait_xxs24_224",
    "timm/coat_tiny",
    "timm/convnext_tiny",
    "timm/crossvit_tiny_240",
    "timm/davit_tiny",
    "timm/efficientvit_m0",
    "timm/halonet26t",
    "timm/hiera_tiny_224",
    "timm/levit_128s",
    "timm/mixer_s32_224",
    "timm/mobilevitv2_050",
    "timm/mvitv2_tiny",
    "timm/pit_ti_224",
    "timm/pvt_v2_b0",
    "timm/resnetv2_50x1_bit",
    "timm/tiny_vit_5m_224",
    "timm/vit_base_patch16_siglip_224",
)
_VIDEO = (3, 16, 112, 112)
_SIDES = {"inception_v3": 299, "mvit": 224, "swin3d": 224, "s3d": 224}


@dataclass(frozen=True)
class Foreign:
    """A network of another library.

    Attributes:
        make: makes it, on the meta device.
        inputs: what it takes, as in `trace_graph`.
    """

    make: Callable[[], nn.Module]
    inputs: Callable[[nn.Module], tuple]


@dataclass
class Finding:
    """What came out of one network.

    Attributes:
        ops: operations of its trace.
        rows: steps of its graph that are one layer.
        wrong: what the graph says otherwise than the layer, each a sentence.
        error: why it could not be traced, "" if it could.
        seconds: of processor time that the trace took, the least of its measurements.
        from_values: whether it was run on zeros, because it asks for values.
        run: seconds of processor time of such a run without a trace, the least too.
    """

    ops: int = 0
    rows: int = 0
    wrong: list[str] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0
    from_values: bool = False
    run: float = 0.0

    @property
    def is_slow(self) -> bool:
        """Whether its trace took longer than the limit, beside the run itself."""
        return self.seconds - self.run > LIMIT[0] + LIMIT[1] * self.ops

    def or_faster(self, before: "Finding | None") -> "Finding":
        """Return this in the time of an earlier measurement, if that is less."""
        if before is None:
            return self
        seconds, run = min(self.seconds, before.seconds), min(self.run, before.run)
        return replace(self, seconds=seconds, run=run)


def find(name: str) -> Foreign:
    """Return a network of a list: "torchvision/resnet18" or "timm/resnet18".

    Raises:
        ValueError: if the library is neither.
    """
    library, _, short = name.partition("/")
    if library == "torchvision":
        return Foreign(lambda: _torchvision(short), lambda _: _inputs(short))
    if library == "timm":
        return Foreign(lambda: _timm(short), lambda model: (_size(model),))
    raise ValueError(f"expected a name of torchvision/ or timm/, got {name!r}")


def all_names() -> list[str]:
    """List all networks of torchvision and timm, those of `SAMPLE` first."""
    import timm
    from torchvision.models import list_models

    names = [f"torchvision/{name}" for name in list_models()]
    names += [f"timm/{name}" for name in timm.list_models()]
    return list(dict.fromkeys([*SAMPLE, *names]))


def bench_foreign(names: list[str] | None = None, kept: Path = KEPT) -> dict:
    """Trace all networks of both lists, and those anew that seemed slow.

    What came out of each is kept in a file until all are done, so that a run that is
    killed goes on where it was, unless code or libraries have changed since.

    Args:
        names: some of the networks; all by default.
        kept: the file.

    Returns:
        What `summary` gives.
    """
    names = names or all_names()
    found = _kept(kept)
    with memory_limit(MEMORY), kept.open("a", encoding="utf-8") as file:
        for _ in range(TURNS):
            for name in names:
                before = found.get(name)
                if before is None or before.is_slow:
                    found[name] = examine(name).or_faster(before)
                    gc.collect()  # modules and their copies hold each other
                    line = json.dumps([name, asdict(found[name])])
                    print(line, file=file, flush=True)
    kept.unlink()
    return summary({name: found[name] for name in names})


def summary(found: dict[str, Finding]) -> dict:
    """Sum up what came out of networks, by name.

    Returns:
        How many were tried and traced, rows and wrong rows, milliseconds of processor
        time of a trace for each operation, by name what is wrong; and how many traces
        on shapes and on values there were, with those among them that were slow.
    """
    traced = [one for one in found.values() if not one.error]
    ops = sum(one.ops for one in traced)
    return {
        "libraries": {name: version(name) for name in ("torchvision", "timm")},
        "tried": len(found),
        "traced": len(traced),
        "rows": sum(one.rows for one in traced),
        "wrong_rows": sum(len(one.wrong) for one in traced),
        "ms_per_op": 1000 * sum(one.seconds for one in traced) / max(ops, 1),
        **{
            key: [len(kind), sum(one.is_slow for one in kind)]
            for key, kind in _by_kind(traced).items()
        },
        "wrong": {k: asdict(v) for k, v in found.items() if v.error or v.wrong},
    }


def _by_kind(traced: list[Finding]) -> dict[str, list[Finding]]:
    """Sort networks by whether they were traced on shapes or on values."""
    return {
        "on_shapes": [one for one in traced if not one.from_values],
        "on_values": [one for one in traced if one.from_values],
    }


def _kept(file: Path) -> dict[str, Finding]:
    """Read what an earlier run with the same code and libraries found, by name."""
    made_with = _made_with()
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    is_same = lines[:1] == [made_with]
    whole = [line for line in lines[1:] if is_same and line.endswith("}]")]
    text = "\n".join([made_with, *whole, ""])
    atomic_write(file, text.encode())  # without a line that was cut off
    return {name: Finding(**finding) for name, finding in map(json.loads, whole)}


def _made_with() -> str:
    """Name the libraries and the code that the findings depend on."""
    package = Path(__file__).parents[1]
    files = [Path(__file__), *sorted((package / "anatomy").glob("*.py"))]
    code = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    used = ("torch", "torchvision", "timm")
    return " ".join([*(f"{name} {version(name)}" for name in used), code])


def examine(name: str) -> Finding:
    """Trace one network and compare its rows with its layers."""
    finding = Finding()
    foreign = find(name)
    try:
        model = make_weightless(foreign.make)
        inputs = foreign.inputs(model)
        start = time.process_time()
        graph = trace_graph(model, *inputs)
        finding.seconds = time.process_time() - start
    except Exception as error:
        finding.error = f"{type(error).__name__}: {str(error)[:200]}"
        return finding
    finding.ops = len(graph.ops)
    finding.from_values = graph.from_values
    finding.rows = len(graph.steps)
    finding.wrong = list(compare(model, graph))
    if finding.from_values:
        finding.run = run_on_zeros(model, inputs)
    return finding


def run_on_zeros(model: nn.Module, inputs: tuple) -> float:
    """Run a weightless model on the CPU, weights and inputs zeros.

    Returns:
        Seconds of processor time.
    """
    model = cpu_copy(model).eval()
    given = make_inputs(model, inputs).to("cpu")
    with torch.no_grad():
        start = time.process_time()
        model(*given.args)
        return time.process_time() - start


def make_weightless(make: Callable[[], nn.Module]) -> nn.Module:
    """Make a model whose weights have a shape and no memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with torch.device("meta"):
                return make()
        except NotImplementedError:  # it computes its widths with tensors
            with _OnlyWeights():
                return make()


class _OnlyWeights(TorchFunctionMode):
    """Puts on the meta device what layers make their weights of, nothing else."""

    def __torch_function__(
        self,
        function: Callable,
        types: tuple,
        args: tuple = (),
        kwargs: dict | None = None,
    ) -> object:
        """Call a function; `torch.empty` makes a tensor without memory."""
        kwargs = kwargs or {}
        if function is torch.empty:
            kwargs = {**kwargs, "device": "meta"}
        return function(*args, **kwargs)


def compare(model: nn.Module, graph: Graph) -> Iterator[str]:
    """Find what the steps of a graph say otherwise than the layers of the model."""
    counted: set[int] = set()
    modules = dict(model.named_modules())
    total = sum(node.params for node in graph.steps)
    unused = graph.params - total
    if unused < 0 or graph.params != count_parameters(model):
        yield f"{total} parameters in the rows, {count_parameters(model)} in the model"
    for node in graph.steps:
        if node.call is None:
            continue
        module = modules[node.path]
        own = [p for p in module.parameters() if id(p) not in counted]
        counted.update(map(id, own))
        expected = sum(p.numel() for p in own)
        if node.params != expected:
            yield f"{node.path}: {node.params} parameters, has {expected}"
        yield from _wrong_kernel(node, module)


def _wrong_kernel(node: Node, module: nn.Module) -> Iterator[str]:
    size = getattr(module, "kernel_size", None)
    known = [op for op in node.ops if op.kernel is not None]
    if size is None or len(known) != 1:
        return
    kernel = known[0].kernel.size
    sides = (size,) * len(kernel) if isinstance(size, int) else tuple(size)
    if kernel != sides:
        yield f"{node.path}: {describe_op(known[0])}, has kernel {sides}"


def _torchvision(name: str) -> nn.Module:
    from torchvision import models

    options: dict = {"weights": None}
    if name.startswith(("fasterrcnn", "maskrcnn", "keypointrcnn", "retinanet", "fcos")):
        options["weights_backbone"] = None
    if name.startswith(("deeplab", "fcn", "lraspp", "ssd")):
        options["weights_backbone"] = None
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False
    return models.get_model(name, **options)


def _inputs(name: str) -> tuple:
    side = next((s for key, s in _SIDES.items() if name.startswith(key)), 224)
    if name.startswith("raft"):
        return (3, 128, 128), (3, 128, 128)
    if name.startswith(("r3d", "mc3", "r2plus1d")):
        return (_VIDEO,)
    if name.startswith(("s3d", "swin3d", "mvit_v")):
        return ((3, 16, side, side),)
    return ((3, side, side),)


def _timm(name: str) -> nn.Module:
    import timm

    return timm.create_model(name, pretrained=False)


def _size(model: nn.Module) -> tuple[int, int, int]:
    return model.pretrained_cfg["input_size"]
