"""What a network sees: methods that show it, each for any model of torch modules.

One file a method. All of them leave the model as they found it: its weights,
gradients, hooks and training modes. Where the path of a layer does not say enough, a
`Layer` does; what is explained is the number of a class or a unit, or a function.

A model that takes more than images is given the rest by `OfImages`.
"""

from edulib.explanation.activation_maximization import maximize_activation
from edulib.explanation.attention_distance import attention_distance
from edulib.explanation.attention_maps import AttentionMap, attention_maps
from edulib.explanation.attention_rollout import attention_rollout
from edulib.explanation.deconvnet import deconvnet
from edulib.explanation.grad_cam import grad_cam
from edulib.explanation.gradient import gradient
from edulib.explanation.guided_backprop import guided_backprop
from edulib.explanation.layer import Layer
from edulib.explanation.layers import layer_output
from edulib.explanation.occlusion import occlusion_map
from edulib.explanation.of_images import OfImages
from edulib.explanation.part_scores import PartScores, part_scores
from edulib.explanation.targets import box_score, class_score, region_score
from edulib.explanation.top_activations import TopActivations, top_activations

__all__ = [
    "AttentionMap",
    "Layer",
    "OfImages",
    "PartScores",
    "TopActivations",
    "attention_distance",
    "attention_maps",
    "attention_rollout",
    "box_score",
    "class_score",
    "deconvnet",
    "grad_cam",
    "gradient",
    "guided_backprop",
    "layer_output",
    "maximize_activation",
    "occlusion_map",
    "part_scores",
    "region_score",
    "top_activations",
]
