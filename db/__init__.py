"""The database: tables, connections, transactions, queries, stores, the outbox, backups, and migrations."""
