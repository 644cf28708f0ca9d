"""What belongs to the chapter alexnet alone."""
