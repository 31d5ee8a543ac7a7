"""Python's garbage collector in processes that live long."""

import gc


def spare_imports() -> None:
    """Keep what is imported out of the collector's way; call it once, when a process has imported everything.

    It stays for ever, half a million objects of it, and every full collection would look through them again: a pause
    for a request, and a tenth of the time of an import. What a request makes is freed by counting references, so the
    collector looks for cycles after 10,000 new objects and not after Python's 700 (4 % of the CPU of a member's read).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
