"""Loading and storing what a use case decides on, inside its transaction."""
