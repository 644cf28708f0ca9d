"""What belongs to the chapter vgg alone."""
