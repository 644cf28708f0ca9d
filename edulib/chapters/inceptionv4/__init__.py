"""What belongs to the chapter inceptionv4 alone."""
