"""What belongs to the chapter resnext alone."""
