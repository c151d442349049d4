"""The most that one request may ask for, and that is kept of requests."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a document may have. Fragments count wherever they are spread, but for `tokens` and `fragments`.

    Attributes:
        characters: Its length.
        tokens: Its names, values and punctuators; and the values in its variables, those in lists and objects too.
        depth: How deep its fields are nested, and how deep the values in its arguments and variables.
        aliases: Aliases, and fields that stand more than once in one selection.
        fragments: Spreads of fragments, and inline fragments.
        root_fields: Fields of an operation itself.
        directives: Directives.
        comparisons: Steps of telling whether fields of one name in one selection are the same.
        cost: Values in the response, with lists as long as their arguments allow (schema.admission.cost).
        cache_bytes: About how many bytes of memory may be kept of documents: half of parsed ones, half of compiled
            ones.
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
