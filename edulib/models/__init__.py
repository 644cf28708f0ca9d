"""Models, one file or folder a paper, by task."""
