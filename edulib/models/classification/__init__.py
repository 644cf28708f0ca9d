"""Image classifiers, one file a paper."""
