"""Building blocks that three or more models share unchanged."""
