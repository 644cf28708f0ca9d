"""Stands for Google Colab in `.ci/host colab`."""
