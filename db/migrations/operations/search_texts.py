"""Rebuilds search columns, for a release that compares names differently."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from domain.search_text import search_text

_BATCH_SIZE: Final = 2_000


def rebuild_search_texts(table: str, *columns: str, id_type: sa.types.TypeEngine[Any]) -> None:
    """Rebuild the search_text of all rows of a table, in batches. Rows with an up-to-date text are not written.

    Args:
        table: A table with the columns organization_id, id and search_text.
        columns: The columns that search_text consists of.
        id_type: The type of the id.
    """
    rows = sa.table(
        table,
        sa.column("organization_id", sa.String),
        sa.column("id", id_type),
        sa.column("search_text", sa.Text),
        *(sa.column(name, sa.String) for name in columns),
    )
    key = sa.tuple_(rows.c.organization_id, rows.c.id)
    page = sa.select(rows).order_by(rows.c.organization_id, rows.c.id).limit(_BATCH_SIZE)
    connection = op.get_bind()
    batch = connection.execute(page).all()
    while batch:
        texts = [(row.organization_id, row.id, search_text(*(getattr(row, name) for name in columns))) for row in batch]
        changed = [new for new, row in zip(texts, batch, strict=True) if new[2] != row.search_text]
        if changed:
            _store(connection, rows, changed)
        last = sa.tuple_(sa.literal(batch[-1].organization_id), sa.literal(batch[-1].id, id_type))
        batch = connection.execute(page.where(key > last)).all()


def _store(connection: sa.Connection, rows: sa.TableClause, texts: Sequence[tuple[str, Any, str]]) -> None:
    # A single statement on PostgreSQL, because the triggers that maintain the endings run once per statement.
    new = sa.values(
        sa.column("organization_id", sa.String), sa.column("id", rows.c.id.type), sa.column("search_text", sa.Text)
    ).data(list(texts))
    fresh = new.alias("fresh") if connection.dialect.name == "postgresql" else None
    if fresh is None:
        statement = (
            sa.update(rows)
            .where(rows.c.organization_id == sa.bindparam("owner"), rows.c.id == sa.bindparam("key"))
            .values(search_text=sa.bindparam("text"))
        )
        connection.execute(statement, [{"owner": owner, "key": key, "text": text} for owner, key, text in texts])
        return
    connection.execute(
        sa.update(rows)
        .where(rows.c.organization_id == fresh.c.organization_id, rows.c.id == fresh.c.id)
        .values(search_text=fresh.c.search_text)
    )
