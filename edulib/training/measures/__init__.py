"""Measures of what was predicted, beside what is there; they know no model."""

from edulib.training.measures.average_precision import (
    COCO_AREAS,
    DetectionMatches,
    PrecisionRecall,
    coco_ap,
    coco_summary,
    match_detections,
    precision_recall,
    voc_ap,
)
from edulib.training.measures.boundary import boundary_iou, near_border, trimap_iou
from edulib.training.measures.comparison import Comparison, compare
from edulib.training.measures.detection_errors import detection_errors
from edulib.training.measures.panoptic import panoptic_counts, panoptic_quality
from edulib.training.measures.semantic import class_iou, confusion_matrix, mean_iou

__all__ = [
    "COCO_AREAS",
    "Comparison",
    "DetectionMatches",
    "PrecisionRecall",
    "boundary_iou",
    "class_iou",
    "coco_ap",
    "coco_summary",
    "compare",
    "confusion_matrix",
    "detection_errors",
    "match_detections",
    "mean_iou",
    "near_border",
    "panoptic_counts",
    "panoptic_quality",
    "precision_recall",
    "trimap_iou",
    "voc_ap",
]
