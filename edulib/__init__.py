"""Companion package of *Eras of Vision*: every architecture of the book, proven."""

__version__ = "0.1.0.dev0"
