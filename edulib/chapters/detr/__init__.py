"""DETR: exercises, experiments and small networks."""
