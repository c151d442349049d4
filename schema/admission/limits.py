"""The limits of one request, and of the memory for cached documents."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """The maximum values of a document. The contents of a fragment count once for each spread.

    `tokens` and `fragments` count what is written in the document instead.

    Attributes:
        characters: The length of the document.
        tokens: Its names, values and punctuators. Also the number of values in the variables, at all levels.
        depth: The nesting of fields, and of values in arguments and variables.
        aliases: Aliases, and repetitions of a field in one selection.
        fragments: Fragment spreads and inline fragments.
        root_fields: The root fields of an operation.
        directives: Directives.
        comparisons: The steps of comparing fields with the same response name.
        cost: The values in the response, if all lists are as long as possible (schema.admission.cost).
        cache_bytes: The approximate memory for cached documents, in bytes: one half for parsed documents, one half for
            compiled ones.
    """

    characters: int = 100_000
    tokens: int = 4_000
    depth: int = 20
    aliases: int = 100
    fragments: int = 100
    root_fields: int = 30
    directives: int = 60
    comparisons: int = 50_000
    cost: int = 200_000
    cache_bytes: int = 48_000_000


DEFAULT_LIMITS: Final = Limits()
