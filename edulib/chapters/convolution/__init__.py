"""What belongs to the chapter convolution alone."""
