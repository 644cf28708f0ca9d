"""The chapter on Xception: its networks, experiments and exercises."""
