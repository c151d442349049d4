"""Messages of errors in documents, without the names and values that the client wrote.

graphql-core's messages quote them. An editor or a program that builds documents may put the name of a patient into a
literal or an alias, and clients log messages. Only names of the schema stay. The locations of an error show the rest.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from graphql import GraphQLSchema

_HIDDEN: Final = "'…'"
_QUOTED: Final = re.compile("'[^']*'")
_NAME: Final = re.compile("[_A-Za-z][_0-9A-Za-z]*", re.ASCII)
# The first quoted text of a syntax error that is not part of the grammar is from the document. It may contain quotes.
_QUOTED_TOKEN: Final = re.compile(r"(?P<grammar>'(?:[!$&()\[\]{}:=|@.]+|on)')|'.*'", re.DOTALL)


def schema_names(schema: GraphQLSchema) -> frozenset[str]:
    """Return the names of all types, fields, arguments, enum values and directives."""
    directives = {directive.name: directive for directive in schema.directives}
    return frozenset(_names({**schema.type_map, **directives}))


def without_client_names(message: str, names: frozenset[str]) -> str:
    """Return the message of a validation error without names that are not in the schema."""
    return _QUOTED.sub(lambda quoted: quoted[0] if names.issuperset(_NAME.findall(quoted[0])) else _HIDDEN, message)


def without_tokens(message: str) -> str:
    """Return the message of a syntax error without the text of the document."""
    return _QUOTED_TOKEN.sub(lambda quoted: quoted["grammar"] or _HIDDEN, message)


def _names(members: dict[str, Any]) -> Iterator[str]:
    for name, member in members.items():
        yield name
        for attribute in ("fields", "values", "args"):
            yield from _names(getattr(member, attribute, {}))
