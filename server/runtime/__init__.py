"""What every process needs: the clock, logs, garbage collection, a database that is ready."""
