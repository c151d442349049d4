"""The HTTP connections: uvicorn with limits on size, number and time."""
