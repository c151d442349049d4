"""Events in and out: the relay with its sinks, and POST /events."""
