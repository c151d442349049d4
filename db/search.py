"""Search by text."""

from sqlalchemy import ColumnElement, Text, bindparam

from domain.search_text import search_text


def holds_text(column: ColumnElement[str], parameter: str) -> ColumnElement[bool]:
    """Gives the condition that a column of search_text holds a text; its parameter is the text's `pattern`."""
    return column.like(bindparam(parameter, type_=Text()), escape="\\")


def pattern(text: str) -> str:
    r"""Gives the pattern of what holds the text, whatever its case. % and _ are letters."""
    letters = search_text(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{letters}%"
