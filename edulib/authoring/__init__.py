"""What authors call: ``python -m edulib.authoring``."""
