"""What belongs to the chapter boxes alone."""
