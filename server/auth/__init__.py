"""Sign-in: identifies the caller of a request by its bearer token."""
