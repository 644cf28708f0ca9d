"""What belongs to the chapter review1 alone."""
