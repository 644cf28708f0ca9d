"""What belongs to the chapter inceptionv3 alone."""
