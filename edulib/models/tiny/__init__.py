"""Small networks of each kind for the tests, one file a task."""
