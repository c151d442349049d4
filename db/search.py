"""Search by text."""

from sqlalchemy import ColumnElement

from domain.search_text import search_text


def holds(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    r"""Gives the condition that a column of search_text holds the text, whatever its case. % and _ are letters."""
    letters = search_text(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return column.like(f"%{letters}%", escape="\\")
