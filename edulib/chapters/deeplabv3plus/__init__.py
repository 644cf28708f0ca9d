"""What the chapter on DeepLabV3+ needs besides its notebook."""
