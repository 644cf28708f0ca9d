"""Published architectures, a folder a task; `blocks` are shared."""
