"""The file of rule sets that COMPLIANCE_RULES names."""

import json
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from domain.rule_set_document import SHIPPED_RULE_SETS, read_rule_sets
from domain.rule_sets import InvalidRuleSets, RuleSets


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of a JSON document. Raise ValueError if a name is there twice, as in TOML."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)} is there twice in an object")
    return members


_PARSERS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {".toml": tomllib.loads, ".json": partial(json.loads, object_pairs_hook=_object)}
)
_MAX_BYTES: Final = 1_000_000


class UnusableRuleSets(ValueError):
    """The file cannot be used. The message completes the sentence "COMPLIANCE_RULES ..."."""


def load_rule_sets(path: str | None) -> RuleSets:
    """Return the shipped rule sets, with those of a TOML or JSON file added. A set of the same id is replaced.

    Raises:
        UnusableRuleSets: If the file cannot be read, or does not contain valid rule sets.
    """
    if path is None:
        return SHIPPED_RULE_SETS
    parse = _PARSERS.get(Path(path).suffix.lower())
    if parse is None:
        raise UnusableRuleSets("must be the path of a .toml or .json file")
    try:
        text = _read(path)
    except OSError as error:
        raise UnusableRuleSets(f"names a file that cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnusableRuleSets("names a file that is not UTF-8") from error
    try:
        return SHIPPED_RULE_SETS.extended(read_rule_sets(parse(text)))
    except (ValueError, RecursionError) as error:
        raise UnusableRuleSets(f"names a file that is not valid {Path(path).suffix[1:].upper()}: {error}") from error
    except InvalidRuleSets as error:
        raise UnusableRuleSets(f"names a file with invalid rule sets: {error}") from error


def _read(path: str) -> str:
    with Path(path).open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise UnusableRuleSets(f"names a file of more than {_MAX_BYTES:,} bytes")
    return content.decode("utf-8")
