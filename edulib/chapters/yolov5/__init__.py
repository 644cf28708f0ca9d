"""YOLOv5: exercises, experiments, small networks and averaged weights."""
