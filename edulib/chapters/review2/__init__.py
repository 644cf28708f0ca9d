"""What belongs to the chapter review2 alone."""
