"""Draft of the page on SOLOv2 (not executed: results and checkpoint were not there yet)."""
import hashlib, nbformat
from nbformat.v4 import new_notebook, new_code_cell, new_markdown_cell
cells=[]
def cid(t): return hashlib.sha1((t+str(len(cells))).encode()).hexdigest()[:8]
def md(text, role=None, claims=None):
    c=new_markdown_cell(text.strip("\n")); c.id=cid(text); eov={}
    if claims: eov["claims"]=claims
    if role: eov["role"]=role
    if eov: c.metadata["eov"]=eov
    cells.append(c)
def code(text, tags=None, fig=None, alt=None, photo=False, fold=None, claims=None):
    c=new_code_cell(text.strip("\n")); c.id=cid(text)
    if tags: c.metadata["tags"]=tags if isinstance(tags,list) else [tags]
    m={}
    if fig: m["figure"]={"caption":fig[1],"name":fig[0]}
    if alt:
        m["image"]={"alt":alt}
        if photo: m["image"]["classes"]="photo"
    if fold: m["code_prompt_show"]=fold; m["code_prompt_hide"]="Hide the code"
    if m: c.metadata["mystnb"]=m
    if claims: c.metadata["eov"]={"claims":claims}
    cells.append(c)
HIDE=["remove-input"]
md("""
# SOLOv2 (2020)

An object is its place: each cell of a grid makes the kernel that cuts out the object whose centre lies there, without any box.
""")
src=nbformat.read("book/era2_residual/maskrcnn.ipynb",4)
c=src.cells[1]; c.outputs=[]; c.execution_count=None; c.id=cid("setup"); cells.append(c)
code('''
from edulib.notebook import chapter_header

chapter_header("solov2")
''',HIDE)
md("""
After this chapter you can

- say how a network tells two objects of a kind apart without drawing a box around either;
- compute which cells of which grids learn an object;
- explain why a kernel of 1×1 needs coordinates, and where the paper adds them;
- compute Matrix NMS by hand, and say what its divisor is for.
""")
md("""
## A box is a detour

[Mask R-CNN](maskrcnn.ipynb) draws a box around each object first, and a mask inside the box. What goes wrong with the box goes wrong with the mask: it ends where the box ends, and where two objects of one kind share a box only the box's edges say which is meant.

Could a network paint the masks at once? For the *kinds* it can: a [fully convolutional network](../foundations/pixels.ipynb) says of each pixel which kind it shows. But two flowers side by side get the same label. What is missing is a label that differs between two objects of one kind, and that a network can be taught.

[Wang and others, 2020](../bibliography.md#wang2020solov2) take the object's **place**. Two objects of a picture hardly ever have the same centre. Lay a grid over the picture: the cell that holds an object's centre is responsible for it.

*Predict: a cell of our network's finest grid is 7 pixels wide. Take the cells around a flower's centre one after the other. Where does the mask change from the flower to its neighbour: at the flower's edge, half-way, or does it fade?*
""", "problem")
md("""
## A cell makes the kernel that finds its object

The network says three things. A map of **mask features**, 24×24 places with 32 numbers each, is the same for all objects. For every cell of a grid, it gives a score for each kind, and 32 more numbers: a *kernel*. The kernel runs over the mask features as a 1×1 convolution does, and what comes out is the mask.

*Choose a grid and a cell. Which cells give the same mask? What does a cell give whose place holds nothing?*
""", "idea")
code('''
import matplotlib.pyplot as plt
import torch

from edulib.chapters.solov2.pictures import mask_of_cell, show_cell
from edulib.data.splits import annotated_scenes
from edulib.notebook import image_picker
from edulib.weights import load_checkpoint

scenes = annotated_scenes(train=1, val=500, image_size=96, target="masks")[1]
network = load_checkpoint("solov2-small-scenes").eval()
image, target = scenes[2]
with torch.no_grad():
    said = network(image[None])
groups = {}
for level, grid in enumerate(network.grids):
    # cells of every object's centre, one beside it, and a corner of the picture
    ...
''',HIDE)
md("""
In symbols: $F_{xy}$ are the $E$ numbers of the mask features at the place $x, y$, and $G_{ij}$ the $E$ numbers of the kernel of the cell in row $i$ and column $j$. The mask of the cell is

$$M_{ij}(x, y) = \\sigma ( G_{ij} \\cdot F_{xy} ) ,$$

$\\sigma$ the sigmoid. In the paper $E = 256$ (table 3a: 37.8 mask AP; 37.4 with 64 or 128, 37.7 with 512, and 37.4 with kernels of 3×3×64).

The predecessor, SOLO, had a whole channel of masks for every cell: $S^2$ channels, 1,600 for a grid of 40 cells. SOLOv2 factors them into a kernel for each cell and features for all.

**In numbers.** Say that $E = 3$, and the features at two places are $(2, 0, 1)$ and $(0, 3, 1)$. A cell's kernel is $(3, -2, -1)$. At the first place it gives $6 - 1 = 5$, a probability of 0.99; at the second $-6 - 1 = -7$, and 0.001. The kernel of another cell, $(-3, 2, -1)$, says the contrary of the same features.

### Which cell, and which grid?

An object is learned on the grids that suit its size. The measure is the root of its box's area; the ranges overlap, so that many objects are learned by two grids. A cell is positive if it meets the object's **centre region**: a part of 0.2 times 0.2 of the box, laid around the *centre of mass* of the mask. Never more than the centre's own cell and its eight neighbours are. (The ranges and this limit are from the authors' code.)

### What is learned

$$L = L_\\text{cate} + \\lambda L_\\text{mask}, \\qquad \\lambda = 3 .$$

$L_\\text{cate}$ is the [focal loss](../bibliography.md#lin2017focal) of all cells and kinds. $L_\\text{mask}$ is the mean over the positive cells of the **dice loss** of the mask $p$ and the truth $q$,

$$D(p, q) = 1 - \\frac{2 \\sum p q}{\\sum p^2 + \\sum q^2} ,$$

which does not care how large the background is.
""")
md("""
## Two branches on five grids, and one map for all masks
""", "architecture")
# diagram of small network; table of grids: level, stride, S, range; counts by part, beside Mask R-CNN
md("""
The five maps P2 to P6 of a [feature pyramid](../bibliography.md#lin2016fpn) are brought to strides 8, 8, 16, 32 and 32: P2 is halved, P6 doubled. Then each is resized to $S × S$ cells. Both branches are the same over all grids: four 3×3 convolutions of 512 channels with [group normalisation](../notation.md#group-normalisation), and a fifth.

The mask features come from P2 to P5, each brought to stride 4 and added. They are one map for all grids: 37.8, for 37.3 where each grid has its own (table 3d).
""")
md("""
## Told where it is, a kernel ...
""", "result")  # heading by verdict of "coordinates"
md("""
A convolution says the same wherever it stands. Two equal flowers at two places give equal features, so a kernel of 1×1 could not tell them apart, were it not for what the network's padding and its wide view let it guess. So the paper adds two channels: $x$ and $y$ from −1 to 1. They go into the kernel branch, and into the coarsest level of the mask features. Table 3b, on COCO's val2017: 36.3 with neither, 36.3 in the kernel branch alone, 37.1 in the mask features alone, 37.8 in both.

We train the small network with both, and with neither: there the two channels are zeros, so that the number of weights is the same, and so are those it starts from.
""")
code('''
from statistics import fmean

from edulib.experiments import load_experiment
from edulib.notebook import claim, judge_means, mean_and_range

runs = load_experiment("solov2-coordinates")
LEAST = 0.03


def last(variant, measure="mask_AP"):
    return [values[-1] for values in runs[variant][f"val_{measure}"]]


claim(
    "coordinates",
    paper="Coordinates in both branches: mask AP 37.8, for 36.3 without (one network "
    "each).",
    place="table 3b",
    measured=[
        f"mask AP of 500 scenes, with coordinates: "
        f"{mean_and_range(last('coordinates'), unit='', digits=3)}",
        f"without: {mean_and_range(last('none'), unit='', digits=3)}",
        f"counts: {LEAST:g} in the mean, and all seeds agree",
    ],
    verdict=judge_means(last("none"), last("coordinates"), LEAST),
)
''',HIDE)
md("""
## Matrix NMS ...
""", "result")  # heading by verdict of "matrix"
md("""
Up to nine cells learn the same object, on two grids perhaps, so each object is found many times. [NMS](../foundations/boxes.ipynb) strikes out duplicates one after the other: whether the third is struck out depends on whether the second still stands. **Matrix NMS** asks all at once. Sort the masks by their scores; let $u_{ij}$ be the IoU of masks $i$ and $j$. The score of $j$ is multiplied by

$$d_j = \\min_{i \\,:\\, s_i > s_j} \\frac{f(u_{ij})}{f(\\max_{k \\,:\\, s_k > s_i} u_{ki})}, \\qquad f(u) = e^{-u^2 / \\sigma} \\;\\text{ or }\\; f(u) = 1 - u ,$$

$\\sigma = 0.5$. The numerator is what soft NMS has: the more $j$ overlaps a surer $i$, the less it counts. The divisor asks whether $i$ is itself a duplicate, in which case NMS would have struck it out before it could strike out $j$. Only masks of one kind are compared.

**In numbers.** Three masks, scores 0.9, 0.8, 0.7; $u_{12} = 0.8$, $u_{13} = 0.1$, $u_{23} = 0.6$. $f(0.8) = 0.28$, $f(0.1) = 0.98$, $f(0.6) = 0.49$. The second keeps $0.8 · 0.28 = 0.22$. For the third, the first says $0.98 / 1$, the second $0.49 / 0.28 > 1$: the least is 0.98, and it keeps 0.69. Fast NMS, [YOLACT](../bibliography.md#bolya2019yolact)'s, strikes it out because of the second.

Table 3c: hard NMS 36.3 mask AP in 9 ms, soft NMS 36.5 in 22 ms, Fast NMS 36.2 and Matrix NMS 36.6, both in less than 1 ms.
""")
# card "matrix": judge_means(last("coordinates","all hard_AP"), last("coordinates","all matrix_AP")); also soft, fast, linear, none. AP is the quantity; times by the bench.
# then: code (excerpts cut_out, matrix_nms), sees (first eight validation scenes), checked, legacy, five lines, exercises (solov2-cells, -matrix, -kernels), quiz
nb=new_notebook(cells=cells, metadata=src.metadata)
nbformat.write(nb,"book/era3_attention/solov2.ipynb")
