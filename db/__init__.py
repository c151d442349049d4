"""Tables and constraints, transactions, one module of queries per entity, outbox, audit, migrations."""
