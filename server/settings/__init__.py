"""The settings. They are read from the environment only here."""
