"""What belongs to the chapter densenet alone."""
