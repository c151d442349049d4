"""The programs toward which a group's sessions count, and the rule set of an intensive program."""

from collections.abc import Iterable

from domain.records import PROGRAMS, GroupType, Program
from domain.refusal import Fault, FaultCode
from domain.rule_sets import RuleSets

_COUNTS_TOWARD = ("input", "countsToward")
_RULE_SET = ("input", "complianceRuleSetId")


def counts_toward_faults(programs: Iterable[GroupType | Program]) -> list[Fault]:
    """Return INVALID if sessions are to count toward something that is no program."""
    if all(program in set(Program) for program in programs):
        return []
    return [Fault(FaultCode.INVALID, "Sessions count only toward IOP and PHP.", _COUNTS_TOWARD)]


def rule_set_faults(group_type: GroupType, rule_set_id: str | None, rule_sets: RuleSets) -> list[Fault]:
    """Return NOT_FOUND for an unknown rule set, and INVALID for one that a group of this type cannot have."""
    if rule_set_id is None:
        return []
    rules = rule_sets.get(rule_set_id)
    if rules is None:
        return [Fault(FaultCode.NOT_FOUND, "No rule set has this id.", _RULE_SET)]
    program = PROGRAMS.get(group_type)
    if program is None:
        message = "Only IOP and PHP groups have a rule set."
    elif rules.program is not program:
        message = f"This rule set is for {rules.program} groups. Choose one for {program} groups."
    else:
        return []
    return [Fault(FaultCode.INVALID, message, _RULE_SET)]


def kept_rule_set(group_type: GroupType, rule_set_id: str | None, rule_sets: RuleSets) -> str | None:
    """Return the rule set that a group keeps when its type changes; None if the set is of another program.

    A group keeps a set that has been removed from the clinic's file since. Until the set is back, the default applies.
    """
    program = PROGRAMS.get(group_type)
    rules = None if rule_set_id is None else rule_sets.get(rule_set_id)
    if program is None or (rules is not None and rules.program is not program):
        return None
    return rule_set_id
