"""What belongs to the chapter nin alone."""
