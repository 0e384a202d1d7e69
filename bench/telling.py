"""What every measurement tells and times by; nothing else is loaded with it, for some of them measure memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def tell(words: str) -> None:
    """Tell whoever waits what happens, apart from the results."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def say(words: str) -> None:
    """Tell whoever waits how far a job is."""
    tell(f"    {words}")


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes, by the clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
