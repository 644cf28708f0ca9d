"""What belongs to the chapter resnet alone."""
