"""Operations that several migrations share, beside those of Alembic."""
