"""What belongs to the chapter googlenet alone."""
