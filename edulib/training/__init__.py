"""Training: one plain loop, its objective and recipe, and what it measures."""

from edulib.training.loop import evaluate, fit
from edulib.training.measures import (
    COCO_AREAS,
    Comparison,
    DetectionMatches,
    PrecisionRecall,
    boundary_iou,
    class_iou,
    coco_ap,
    coco_summary,
    compare,
    confusion_matrix,
    detection_errors,
    match_detections,
    mean_iou,
    panoptic_counts,
    panoptic_quality,
    precision_recall,
    trimap_iou,
    voc_ap,
)
from edulib.training.metrics import History, Metrics
from edulib.training.objectives import (
    GAN,
    AdversarialNetworks,
    Classification,
    Detection,
    Objective,
    Segmentation,
)
from edulib.training.optim import learning_rate
from edulib.training.recipe import Recipe
from edulib.training.resume import load_weights

__all__ = [
    "COCO_AREAS",
    "GAN",
    "AdversarialNetworks",
    "Classification",
    "Comparison",
    "Detection",
    "DetectionMatches",
    "History",
    "Metrics",
    "Objective",
    "PrecisionRecall",
    "Recipe",
    "Segmentation",
    "boundary_iou",
    "class_iou",
    "coco_ap",
    "coco_summary",
    "compare",
    "confusion_matrix",
    "detection_errors",
    "evaluate",
    "fit",
    "learning_rate",
    "load_weights",
    "match_detections",
    "mean_iou",
    "panoptic_counts",
    "panoptic_quality",
    "precision_recall",
    "trimap_iou",
    "voc_ap",
]
