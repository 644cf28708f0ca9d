"""Where the repository is: the one place that code asks."""

ADDRESS = "https://github.com/eras-of-vision/eras-of-vision"
