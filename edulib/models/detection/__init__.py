"""Detectors: from an image to boxes with a class and a score."""
