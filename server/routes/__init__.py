"""The routes that need no sign-in: health checks and pages."""
