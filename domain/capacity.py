"""A group's seats: the maximum, the taken ones and the free ones."""

from dataclasses import dataclass

from domain.records import CapacityStatus


@dataclass(frozen=True, slots=True)
class Capacity:
    """The capacity of a group and its use.

    Attributes:
        enrolled: The number of enrolled patients.
        waitlisted: The number of patients on the waitlist.
        max: The number of seats.
        min: The number of patients that the group needs to run well, if it is set.
    """

    enrolled: int
    waitlisted: int
    max: int
    min: int | None

    @property
    def available(self) -> int:
        """The number of free seats; 0 if the group is full or over its capacity."""
        return max(0, self.max - self.enrolled)

    @property
    def status(self) -> CapacityStatus:
        """Whether the group is below its maximum, at it, or above it."""
        if self.enrolled < self.max:
            return CapacityStatus.OPEN
        return CapacityStatus.FULL if self.enrolled == self.max else CapacityStatus.OVER_CAPACITY

    @property
    def below_minimum(self) -> bool:
        """Whether fewer patients are enrolled than the group needs. False for a group without a minimum."""
        return self.min is not None and self.enrolled < self.min

    @property
    def utilization(self) -> float:
        """Enrolled patients divided by seats; above 1 if the group is over its capacity."""
        return self.enrolled / self.max
