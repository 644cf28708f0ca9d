"""What belongs to the chapter vit alone."""
