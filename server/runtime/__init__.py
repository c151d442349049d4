"""What every process needs: the clock, logs, garbage collection, and checks of the database at start."""
