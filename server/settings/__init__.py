"""The settings, which are read from the environment here and nowhere else."""
