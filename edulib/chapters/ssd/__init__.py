"""SSD: exercises, experiments and small networks."""
