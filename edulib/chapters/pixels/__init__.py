"""What the chapter on maps and pyramids needs besides its notebook."""
