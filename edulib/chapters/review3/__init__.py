"""What belongs to the chapter review3 alone."""
