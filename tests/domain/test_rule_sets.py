"""Rule sets are data: the shipped ones, those that a file adds, and which one a group has."""

from typing import Any

import pytest

from domain.records import Program
from domain.rule_set_document import SHIPPED_RULE_SETS, read_rule_sets
from domain.rule_sets import MAX_RULE_SETS, InvalidRuleSets, RuleSets, strictest

SOURCE = {"title": "Contract", "locator": "Appendix B", "confirmed": True}
VALID: dict[str, Any] = {
    "id": "ours-iop",
    "title": "Our contract",
    "program": "IOP",
    "payer": "Us",
    "weekly_hours": 10,
    "source": SOURCE,
}

REQUIREMENTS = (
    *("weekly_hours", "weekly_hours_maximum", "daily_hours", "weekly_days"),
    *("group_size_maximum", "session_minutes"),
)


def read(*entries: object) -> RuleSets:
    return SHIPPED_RULE_SETS.extended(read_rule_sets({"rule_sets": list(entries)}))


def faults_of(*entries: object) -> tuple[str, ...]:
    with pytest.raises(InvalidRuleSets) as caught:
        read(*entries)
    return caught.value.faults


def test_the_shipped_rule_sets_have_these_numbers() -> None:
    assert {
        rules.id: (
            rules.program.value,
            (rules.weekly_hours, rules.weekly_hours_maximum, rules.weekly_days, rules.daily_hours),
            (rules.group_size_maximum, rules.session_minutes),
            rules.source.confirmed,
        )
        for rules in SHIPPED_RULE_SETS
    } == {
        "ahcccs-iop": ("IOP", (9, None, 3, 3), (None, None), True),
        "ahcccs-php": ("PHP", (20, None, 5, None), (None, None), True),
        "ahcccs-s9480": ("IOP", (9, None, 2, 3), (8, 50), True),
        "ahcccs-h0015": ("IOP", (None, None, 3, 3), (None, None), False),
        "medicare-iop": ("IOP", (9, None, None, None), (None, None), False),
        "medicare-php": ("PHP", (20, None, None, None), (None, None), False),
        "asam-2.1-adult": ("IOP", (9, 19, None, None), (None, None), False),
        "asam-2.1-adolescent": ("IOP", (6, 19, None, None), (None, None), False),
        "asam-2.5": ("PHP", (20, None, None, None), (None, None), False),
        "kansas-iop-adult": ("IOP", (9, None, None, None), (None, None), True),
        "kansas-iop-minor": ("IOP", (6, None, None, None), (None, None), True),
    }


def test_a_source_that_is_not_confirmed_says_so_in_its_title() -> None:
    for rules in SHIPPED_RULE_SETS:
        assert rules.source.title.endswith("(not confirmed)") != rules.source.confirmed
        assert rules.source.locator


def test_a_group_has_the_set_that_it_names_or_the_default_of_its_program() -> None:
    rule_sets = SHIPPED_RULE_SETS
    assert rule_sets.of(Program.IOP, None).id == "ahcccs-iop"
    assert rule_sets.of(Program.PHP, None).id == "ahcccs-php"
    assert rule_sets.of(Program.IOP, "medicare-iop").id == "medicare-iop"
    assert rule_sets.of(Program.IOP, "removed-since").id == "ahcccs-iop"
    assert rule_sets.of(Program.PHP, "medicare-iop").id == "ahcccs-php"


def test_the_strictest_set_has_the_most_weekly_hours() -> None:
    sets = [SHIPPED_RULE_SETS.of(Program.IOP, id_) for id_ in ("kansas-iop-minor", "medicare-iop", "ahcccs-iop")]
    assert strictest(sets).id == "ahcccs-iop"  # as many hours as medicare-iop, and more days
    assert strictest(sets[:2]).id == "medicare-iop"
    assert strictest(reversed(sets)) == strictest(sets)


def test_a_file_adds_sets_and_replaces_those_of_the_same_id() -> None:
    extended = read(VALID, {**VALID, "id": "ahcccs-iop"})
    assert len(list(extended)) == len(list(SHIPPED_RULE_SETS)) + 1
    assert extended.of(Program.IOP, "ours-iop").weekly_hours == 10
    assert extended.of(Program.IOP, None).title == "Our contract"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": "Upper"}, "rule set 1: id must be 1 to 64 lower-case letters, digits, dots and hyphens"),
        ({"id": 7}, "rule set 1: id must be"),
        ({"title": " "}, "rule set ours-iop: title must be a text of 1 to 300 characters"),
        ({"payer": None}, "rule set ours-iop: payer must be a text"),
        ({"program": "SUPPORT"}, "rule set ours-iop: program must be IOP or PHP"),
        ({"program": ["IOP"]}, "rule set ours-iop: program must be IOP or PHP"),
        ({"weekly_hours": 0}, "rule set ours-iop: weekly_hours must be a number above 0, at most 168"),
        ({"weekly_hours": "9"}, "rule set ours-iop: weekly_hours must be a number"),
        ({"weekly_hours": True}, "rule set ours-iop: weekly_hours must be a number"),
        ({"weekly_hours": float("nan")}, "rule set ours-iop: weekly_hours must be a number"),
        ({"weekly_hours_maximum": 9}, "rule set ours-iop: weekly_hours_maximum must not be less than weekly_hours"),
        ({"weekly_days": 2.5}, "rule set ours-iop: weekly_days must be a whole number from 1 to 7"),
        ({"daily_hours": 25}, "rule set ours-iop: daily_hours must be a number above 0, at most 24"),
        ({"group_size_maximum": 0}, "rule set ours-iop: group_size_maximum must be a whole number from 1 to 500"),
        ({"session_minutes": 721}, "rule set ours-iop: session_minutes must be a whole number from 1 to 720"),
        ({"hours": 9}, "rule set ours-iop: hours is unknown"),
        ({"source": None}, "rule set ours-iop: source must be a table with title, locator and confirmed"),
        ({"source": {**SOURCE, "confirmed": "yes"}}, "rule set ours-iop: source.confirmed must be true or false"),
        ({"source": {**SOURCE, "locator": ""}}, "rule set ours-iop: source.locator must be a text"),
        ({"source": {**SOURCE, "url": "ftp://x"}}, "rule set ours-iop: source.url must begin with https://"),
        ({"source": {**SOURCE, "page": 3}}, "rule set ours-iop: source.page is unknown"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_accepted(change: dict[str, Any], fault: str) -> None:
    [only] = faults_of({**VALID, **change})
    assert only.startswith(fault)


def test_all_faults_of_a_file_are_named_at_once() -> None:
    no_rules = {name: value for name, value in VALID.items() if name != "weekly_hours"}
    assert faults_of({**VALID, "title": "", "payer": ""}, "text", no_rules, VALID, VALID) == (
        "rule set ours-iop: title must be a text of 1 to 300 characters",
        "rule set ours-iop: payer must be a text of 1 to 300 characters",
        "rule set 2 must be a table",
        f"rule set ours-iop: at least one of {', '.join(REQUIREMENTS)} is required",
        "rule set ours-iop is there twice",
    )


@pytest.mark.parametrize("document", [None, [], {}, {"rule_sets": {}}, {"rule_sets": [], "more": 1}])
def test_a_file_contains_only_a_list_of_rule_sets(document: object) -> None:
    with pytest.raises(InvalidRuleSets, match="the file must contain only a list named rule_sets"):
        read_rule_sets(document)


def test_the_default_of_a_program_stays_of_this_program() -> None:
    assert faults_of({**VALID, "id": "ahcccs-php"}) == (
        "rule set ahcccs-php must be of program PHP, because it is the default of this program",
    )


def test_the_number_of_rule_sets_is_limited() -> None:
    assert faults_of(*({**VALID, "id": f"ours-{number}"} for number in range(MAX_RULE_SETS))) == (
        f"there may be at most {MAX_RULE_SETS} rule sets",
    )
