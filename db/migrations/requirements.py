"""What the catalog of a database must contain, and policies as such a requirement."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_COMMANDS: Final = {"ALL": "*", "SELECT": "r"}
"""The commands of policies, as in `pg_policy.polcmd`."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that the catalog must contain.

    Attributes:
        name: Its name in messages.
        holds: An SQL expression for whether it exists. NULL counts as no.
        repair: The statements that create it, in order.
    """

    name: str
    holds: str
    repair: tuple[str, ...]


def oid_of(role: StrEnum) -> str:
    """Return SQL for the id of a role; NULL if it does not exist. With a name, privilege functions would fail."""
    return f"(SELECT oid FROM pg_roles WHERE rolname = '{role}')"


def policy(name: str, table: str, role: StrEnum, condition: str, command: str = "ALL") -> Requirement:
    """Require a policy of a role for a table, for one command or for ALL."""
    holds = (
        f"SELECT polpermissive AND polcmd = '{_COMMANDS[command]}' AND polroles = ARRAY[{oid_of(role)}]"
        " AND polwithcheck IS NULL"
        f" AND {_plain('pg_get_expr(polqual, polrelid)')} = {_plain(_quoted(condition))}"
        f" FROM pg_policy WHERE polrelid = to_regclass('{table}') AND polname = '{name}'"
    )
    create = f"CREATE POLICY {name} ON {table} FOR {command} TO {role} USING ({condition})"
    return Requirement(f"policy {name}", holds, (f"DROP POLICY IF EXISTS {name} ON {table}", create))


def _plain(condition: str) -> str:
    """Return SQL that removes what PostgreSQL adds when it prints a condition: casts, names, brackets, spaces."""
    return f"regexp_replace(lower({condition}), '::[a-z ]+|as current_setting|as organization|[() \n]', '', 'g')"


def _quoted(literal: str) -> str:
    return "'" + literal.replace("'", "''") + "'"
