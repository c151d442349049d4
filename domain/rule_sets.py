"""Rule sets: what a payer or a standard requires of a week of an intensive program, with the source of each.

The shipped sets are data in `rule_sets.toml`. No code depends on one of them, except for the default of each program.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from domain.records import Program

MAX_RULE_SETS = 100
DEFAULT_IDS: Mapping[Program, str] = MappingProxyType({Program.IOP: "ahcccs-iop", Program.PHP: "ahcccs-php"})
"""The set of a group of each program that names none."""


@dataclass(frozen=True, slots=True)
class RuleSource:
    """The document that a rule set was taken from.

    Attributes:
        title: Its title. It ends with "(not confirmed)" if the set is not confirmed, wherever it is shown.
        locator: The section, page or date within the document.
        url: The address of the document, if known.
        confirmed: Whether the numbers were read in the document itself, not in a summary of it.
    """

    title: str
    locator: str
    url: str | None
    confirmed: bool


@dataclass(frozen=True, slots=True)
class ComplianceRuleSet:
    """What a payer or a standard requires of a week of a program. None requires nothing.

    Attributes:
        id: The id, such as "ahcccs-iop".
        title: The title.
        program: The program.
        payer: Who pays by these rules.
        source: Where they were taken from.
        weekly_hours: The fewest hours of a week.
        weekly_hours_maximum: The most hours of a week.
        weekly_days: The fewest days with a session in a week.
        daily_hours: The fewest hours of each day with a session.
        group_size_maximum: The most patients of a group.
        session_minutes: The shortest duration of a session.
    """

    id: str
    title: str
    program: Program
    payer: str
    source: RuleSource
    weekly_hours: float | None = None
    weekly_hours_maximum: float | None = None
    weekly_days: int | None = None
    daily_hours: float | None = None
    group_size_maximum: int | None = None
    session_minutes: int | None = None


class InvalidRuleSets(Exception):
    """A document does not contain valid rule sets. The message names every fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class RuleSets:
    """All rule sets of the clinic."""

    sets: tuple[ComplianceRuleSet, ...]

    def __post_init__(self) -> None:
        faults = [
            f"rule set {id_} must be of program {program}, because it is the default of this program"
            for program, id_ in DEFAULT_IDS.items()
            if self._by_id[id_].program is not program
        ]
        if len(self.sets) > MAX_RULE_SETS:
            faults.append(f"there may be at most {MAX_RULE_SETS} rule sets")
        if faults:
            raise InvalidRuleSets(faults)

    def __iter__(self) -> Iterator[ComplianceRuleSet]:
        return iter(self.sets)

    def get(self, id_: str) -> ComplianceRuleSet | None:
        """Return the set with this id; None if there is none."""
        return self._by_id.get(id_)

    def of(self, program: Program, id_: str | None) -> ComplianceRuleSet:
        """Return the set that a group of a program names; the program's default if it names none.

        A set that has been removed from the file since counts as none.
        """
        named = None if id_ is None else self.get(id_)
        return self._by_id[DEFAULT_IDS[program]] if named is None or named.program is not program else named

    def extended(self, sets: Iterable[ComplianceRuleSet]) -> "RuleSets":
        """Return these sets with others added. A set with the id of another one replaces it.

        Raise InvalidRuleSets if the default of a program would be of another program, or if there are too many sets.
        """
        return RuleSets(
            tuple(({rules.id: rules for rules in self.sets} | {rules.id: rules for rules in sets}).values())
        )

    @cached_property
    def _by_id(self) -> dict[str, ComplianceRuleSet]:
        return {rules.id: rules for rules in self.sets}


def strictest(sets: Iterable[ComplianceRuleSet]) -> ComplianceRuleSet:
    """Return the set with the most weekly hours; of equal ones, that with the most days, then hours a day."""
    return max(
        sets, key=lambda rules: (rules.weekly_hours or 0, rules.weekly_days or 0, rules.daily_hours or 0, rules.id)
    )
