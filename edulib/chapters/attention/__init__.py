"""Chapter "Attention and tokens": exercises, experiments and their results."""
