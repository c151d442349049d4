"""Sign-in: who a request comes from, by the bearer token it carries."""
