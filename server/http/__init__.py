"""HTTP connections: the server's protocol, and the bounds of what strangers may send, hold open and leave unread."""
