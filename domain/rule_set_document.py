"""Reading rule sets from a document: the content of a TOML or JSON file."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from domain.records import Program
from domain.rule_sets import ComplianceRuleSet, InvalidRuleSets, RuleSets, RuleSource
from domain.texts import is_storable, shows

_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_TEXT_LENGTH = 300
_NUMBERS: Mapping[str, tuple[int, float]] = {
    "weekly_hours": (0, 168),
    "weekly_hours_maximum": (0, 168),
    "daily_hours": (0, 24),
}
"""The hours of each name are above the first number, and at most the second."""
_WHOLE_NUMBERS: Mapping[str, tuple[int, int]] = {
    "weekly_days": (1, 7),
    "group_size_maximum": (1, 500),
    "session_minutes": (1, 720),
}
_REQUIREMENTS = (*_NUMBERS, *_WHOLE_NUMBERS)


def read_rule_sets(document: object) -> tuple[ComplianceRuleSet, ...]:
    """Return the rule sets of a document: an object with only the list `rule_sets`.

    Raises:
        InvalidRuleSets: With all faults.
    """
    entries = document.get("rule_sets") if isinstance(document, Mapping) and len(document) == 1 else None
    if not isinstance(entries, list):
        raise InvalidRuleSets(["the file must contain only a list named rule_sets"])
    faults: list[str] = []
    sets = [_rule_set(entry, f"rule set {number}", faults) for number, entry in enumerate(entries, 1)]
    ids = [rules.id for rules in sets if rules is not None]
    faults += [f"rule set {id_} is there twice" for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1})]
    if faults:
        raise InvalidRuleSets(faults)
    return tuple(rules for rules in sets if rules is not None)


def _rule_set(entry: object, place: str, faults: list[str]) -> ComplianceRuleSet | None:
    if not isinstance(entry, Mapping):
        faults.append(f"{place} must be a table")
        return None
    known = [field.name for field in fields(ComplianceRuleSet)]
    own: list[str] = _unknown_names(entry, known)
    id_ = entry.get("id")
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        own.append("id must be 1 to 64 lower-case letters, digits, dots and hyphens, such as ahcccs-iop")
    else:
        place = f"rule set {id_}"
    title, payer = (_text(entry, name, own) for name in ("title", "payer"))
    program = entry.get("program")
    if program not in list(Program):
        own.append(f"program must be {' or '.join(Program)}")
    requirements = {
        name: _requirement(entry[name], name, own) for name in (*_NUMBERS, *_WHOLE_NUMBERS) if name in entry
    }
    if not requirements:
        own.append(f"at least one of {', '.join((*_NUMBERS, *_WHOLE_NUMBERS))} is required")
    least, most = requirements.get("weekly_hours"), requirements.get("weekly_hours_maximum")
    if least is not None and most is not None and most < least:
        own.append("weekly_hours_maximum must not be less than weekly_hours")
    source = _source(entry.get("source"), own)
    faults += [f"{place}: {fault}" for fault in own]
    if own:
        return None
    return ComplianceRuleSet(str(id_), title, Program(str(program)), payer, source, **requirements)


def _source(entry: object, faults: list[str]) -> RuleSource:
    if not isinstance(entry, Mapping):
        faults.append("source must be a table with title, locator and confirmed")
        return RuleSource("", "", None, confirmed=False)
    own: list[str] = _unknown_names(entry, [field.name for field in fields(RuleSource)])
    title, locator = (_text(entry, name, own) for name in ("title", "locator"))
    url = _text(entry, "url", own) if "url" in entry else None
    if url is not None and not url.startswith(("https://", "http://")):
        own.append("url must begin with https:// or http://")
    confirmed = entry.get("confirmed")
    if not isinstance(confirmed, bool):
        own.append("confirmed must be true or false")
    faults += [f"source.{fault}" for fault in own]
    return RuleSource(title if confirmed else f"{title} (not confirmed)", locator, url, confirmed=confirmed is True)


def _unknown_names(entry: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    return [f"{name} is unknown" for name in entry if name not in known]


def _text(entry: Mapping[str, Any], name: str, faults: list[str]) -> str:
    value = entry.get(name)
    text = value.strip() if isinstance(value, str) else ""
    if not shows(text) or not is_storable(text) or len(text) > _TEXT_LENGTH:
        faults.append(f"{name} must be a text of 1 to {_TEXT_LENGTH} characters")
    return text


def _requirement(value: object, name: str, faults: list[str]) -> Any:
    if name in _NUMBERS:
        above, most = _NUMBERS[name]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and above < value <= most:
            return float(value)
        faults.append(f"{name} must be a number above {above}, at most {most}")
        return None
    least, largest = _WHOLE_NUMBERS[name]
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= largest:
        return value
    faults.append(f"{name} must be a whole number from {least} to {largest}")
    return None


SHIPPED_RULE_SETS = RuleSets(
    read_rule_sets(tomllib.loads(Path(__file__).with_name("rule_sets.toml").read_text(encoding="utf-8")))
)
"""The rule sets of `rule_sets.toml`."""
