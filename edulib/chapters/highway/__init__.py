"""The chapter on highway networks: its experiments and exercises."""
