"""A group's seats: how many there are, are taken, and are free."""

from dataclasses import dataclass

from domain.records import CapacityStatus


@dataclass(frozen=True, slots=True)
class Capacity:
    """How a group's seats stand.

    Attributes:
        enrolled: Patients who have a seat.
        waitlisted: Patients who wait for one.
        max: Seats.
        min: Patients the group needs to run well, where it says so.
    """

    enrolled: int
    waitlisted: int
    max: int
    min: int | None

    @property
    def available(self) -> int:
        """Free seats; 0 when the group is full or over its capacity."""
        return max(0, self.max - self.enrolled)

    @property
    def status(self) -> CapacityStatus:
        """Below the maximum, at it, or above it."""
        if self.enrolled < self.max:
            return CapacityStatus.OPEN
        return CapacityStatus.FULL if self.enrolled == self.max else CapacityStatus.OVER_CAPACITY

    @property
    def below_minimum(self) -> bool:
        """Whether fewer patients are enrolled than the group needs. A group without minimum never is."""
        return self.min is not None and self.enrolled < self.min

    @property
    def utilization(self) -> float:
        """Enrolled patients by seat; over 1 when the group is over its capacity."""
        return self.enrolled / self.max
