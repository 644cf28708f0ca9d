"""Weights by name: the book's own checkpoints, and published ones."""
