"""What belongs to the chapter yolact alone."""
