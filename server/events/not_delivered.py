"""The exception of a failed delivery."""


class NotDelivered(Exception):
    """The receiver did not accept the event."""

    def __init__(self, reason: str, *, final: bool = False, retry_after: float = 0.0) -> None:
        """Describe the failure.

        Args:
            reason: A description for the operator, without patient data, secrets or addresses.
            final: Whether a retry is pointless.
            retry_after: The minimum backoff in seconds that the receiver requests; 0 if it requests none.
        """
        super().__init__(reason)
        self.reason = reason
        self.final = final
        self.retry_after = retry_after
