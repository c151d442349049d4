"""How often something is tried again, and after how long: exponential back-off with jitter."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retries:
    """A number of tries, the wait in seconds after the first of them, and the longest wait."""

    tries: int
    first_wait: float
    longest_wait: float

    def wait(self, tries: int, chance: float) -> float:
        """Return the seconds to wait after so many tries in vain (1 or more).

        Args:
            tries: How often it was tried.
            chance: From 0 to 1; it spreads the waits of many over half to all of the full length, which doubles with
                each try up to the longest.
        """
        full = min(self.longest_wait, self.first_wait * 2.0 ** min(tries - 1, 64))
        return full * (1 + chance) / 2
