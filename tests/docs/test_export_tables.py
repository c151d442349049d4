"""The tables of columns in docs/exports.md."""

from docs.export_tables import PAGE, written


def test_the_documentation_has_every_column_of_every_export() -> None:
    page = PAGE.read_text()
    assert written(page) == page
