"""Trained weights: published ones by name, with what their use needs."""
