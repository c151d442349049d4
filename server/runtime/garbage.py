"""The garbage collector, set for a server: most of what it would look at stays for ever, or goes by itself."""

import gc
from typing import Final

# Half of the time of a large answer went into collections at Python's 700, 10, 10. A first threshold of 50,000 makes
# single pauses longer again. The second bounds how long most pauses are: 50,000 objects take 25 ms.
_THRESHOLDS: Final = (5_000, 10, 200)


def tame_collector() -> None:
    """Keep what is there now, modules and the schema, out of all later collections, and collects less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
