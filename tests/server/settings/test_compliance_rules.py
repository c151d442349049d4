"""COMPLIANCE_RULES names a file of rule sets, which is checked at the start."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.records import Program
from domain.rule_set_document import SHIPPED_RULE_SETS
from server.settings.environment import Settings, SettingsError, load_settings
from tests.support.repository import ROOT

OURS: dict[str, Any] = {
    "id": "ours",
    "title": "Our contract",
    "program": "PHP",
    "payer": "Us",
    "weekly_hours": 22.5,
    "source": {"title": "Contract", "locator": "Appendix B", "confirmed": False},
}
TOML = """
[[rule_sets]]
id = "ours"
title = "Our contract"
program = "PHP"
payer = "Us"
weekly_hours = 22.5
source = { title = "Contract", locator = "Appendix B", confirmed = false }
"""


def settings_with(path: object) -> Settings:
    return load_settings({"COMPLIANCE_RULES": str(path)})


def fault_of(path: object) -> str:
    with pytest.raises(SettingsError) as caught:
        settings_with(path)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rules.json"


@pytest.mark.parametrize(("name", "text"), [("a.toml", TOML), ("b.JSON", json.dumps({"rule_sets": [OURS]}))])
def test_a_toml_or_json_file_adds_rule_sets(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    ours = settings_with(tmp_path / name).rule_sets.of(Program.PHP, "ours")
    assert (ours.weekly_hours, ours.source.title) == (22.5, "Contract (not confirmed)")


def test_without_a_file_there_are_the_shipped_rule_sets() -> None:
    assert load_settings({}).rule_sets is SHIPPED_RULE_SETS


def test_the_shipped_file_is_an_example_of_the_format() -> None:
    assert settings_with(ROOT / "domain" / "rule_sets.toml").rule_sets == SHIPPED_RULE_SETS


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "rules.yaml") == "COMPLIANCE_RULES must be the path of a .toml or .json file."


def test_a_missing_file_is_refused(file: Path) -> None:
    assert fault_of(file) == "COMPLIANCE_RULES names a file that cannot be read: No such file or directory."


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xff", "is not UTF-8"),
        (b"{", "is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"9" * 5000, "is not valid JSON: "),
        (b'{"rule_sets": [{"id": "a", "id": "b"}]}', "is not valid JSON: id is there twice in an object"),
        (b"[" * 100_000, "is not valid JSON: "),
    ],
)
def test_a_file_that_cannot_be_parsed_is_refused(file: Path, content: bytes, fault: str) -> None:
    file.write_bytes(content)
    assert fault_of(file).startswith(f"COMPLIANCE_RULES names a file that {fault}")


def test_a_file_that_is_too_large_is_refused(file: Path) -> None:
    file.write_bytes(b" " * 1_000_001)
    assert fault_of(file) == "COMPLIANCE_RULES names a file of more than 1,000,000 bytes."


def test_every_fault_of_a_file_is_named(file: Path) -> None:
    file.write_text(json.dumps({"rule_sets": [{**OURS, "weekly_hours": 200, "program": "XYZ"}]}))
    assert fault_of(file) == (
        "COMPLIANCE_RULES names a file with invalid rule sets: rule set ours: program must be IOP or PHP;"
        " rule set ours: weekly_hours must be a number above 0, at most 168."
    )
