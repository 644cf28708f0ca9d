"""Segmenters: from an image to a class for each pixel."""
