"""Events: the relay that delivers them to sinks, and POST /events, which receives them."""
