"""The outbox: events in order, the lanes that deliver them, and those that wait or are parked."""
