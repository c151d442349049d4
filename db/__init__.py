"""The database: tables, connections, transactions, queries, stores, the outbox, backups, and migrations."""

from db.connections.core_only import defer_orm

defer_orm()
