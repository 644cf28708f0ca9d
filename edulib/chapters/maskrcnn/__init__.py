"""What belongs to the chapter maskrcnn alone."""
