"""Backups: an archive of one moment, and restoring it into either database."""
