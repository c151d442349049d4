"""Creates a suffix index: a table of the endings of a text. A text contains a word if an ending starts with the word.

Triggers maintain it: they write the endings in the statement that writes the text (see `db.sql.triggers`).
"""

from alembic import op

from db.sql.triggers import FILL_ENDINGS, SQLITE_FILL_ENDINGS, SQLITE_TRIGGERS, TRIGGERS, create_trigger_function


def create_suffix_index(endings: str) -> None:
    """Fill the table of endings from the existing rows, and create the triggers that maintain it."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(SQLITE_FILL_ENDINGS)
        for name, statement in SQLITE_TRIGGERS.items():
            if name.startswith(f"{endings}_after_"):
                op.execute(statement)
        return
    op.execute(FILL_ENDINGS)
    op.execute(create_trigger_function(f"{endings}_keep"))
    for trigger in TRIGGERS:
        if trigger.function == f"{endings}_keep":
            op.execute(trigger.create)
