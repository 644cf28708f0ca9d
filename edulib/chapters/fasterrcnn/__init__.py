"""Faster R-CNN: exercises, experiments, small networks and rival proposals."""
