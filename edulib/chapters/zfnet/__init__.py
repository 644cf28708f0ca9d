"""What belongs to the chapter zfnet alone."""
