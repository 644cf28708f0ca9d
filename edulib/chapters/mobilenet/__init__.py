"""What belongs to the chapter mobilenet alone."""
