"""Transactions: units of work that write, snapshots that read, retries, and the queue for locks."""
