"""Architecture diagrams, drawn from the live module."""

from edulib.drawing.diagram.figure import Diagram, diagram

__all__ = ["Diagram", "diagram"]
