"""Backups: archives of one snapshot of the database, and restoring them into SQLite or PostgreSQL."""
