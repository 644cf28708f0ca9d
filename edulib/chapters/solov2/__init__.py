"""What belongs to the chapter solov2 alone."""
