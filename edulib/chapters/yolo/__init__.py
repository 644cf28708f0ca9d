"""What belongs to the chapter yolo alone."""
