"""What belongs to the chapter efficientnet alone."""
