"""What a sink says of an event that its receiver did not take."""


class NotDelivered(Exception):
    """The receiver did not take the event."""

    def __init__(self, reason: str, *, final: bool = False, wait: float = 0.0) -> None:
        """Take what is known of it.

        Args:
            reason: In words for the operator, with nothing of patients, secrets or addresses.
            final: Whether trying again is of no use.
            wait: Seconds that the receiver asks to be left alone; 0 where it asks nothing.
        """
        super().__init__(reason)
        self.reason = reason
        self.final = final
        self.wait = wait
