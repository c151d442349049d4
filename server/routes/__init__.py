"""Routes that need no token: health checks and pages."""
