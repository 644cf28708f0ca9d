"""Chapter "Normalisation": exercises, experiments and their results."""
