"""Python's garbage collector in processes that live long."""

import gc
from typing import Final

# A batch of the consumer makes 100,000 objects that all live until its commit. To look through them after every 700 new
# ones, as Python does unless told, takes a tenth of the consumer's time and finds nothing.
_NEW_OBJECTS_MAX: Final = 50_000


def spare_imports() -> None:
    """Keep what is imported out of the collector's way; call it once, when a process has imported everything.

    It stays for ever, half a million objects of it, and every full collection would look through them again: a pause
    for a request, and a tenth of the time of an import.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS_MAX)
