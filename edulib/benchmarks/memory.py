"""A limit of memory, so that what needs too much fails and nothing else does."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def memory_limit(limit: int) -> Iterator[None]:
    """Let this process take no more memory than this; without effect outside of Linux.

    What asks for more gets an error (of torch a RuntimeError, else a MemoryError).

    Args:
        limit: bytes of all that the process writes to.
    """
    if sys.platform != "linux":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    lower = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (lower, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
