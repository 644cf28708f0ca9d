"""What belongs to the chapter lenet alone."""
