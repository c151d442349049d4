"""Text input is trimmed, limited and checked."""

import pytest

from domain.refusal import Fault, FaultCode
from domain.texts import optional_text, required_text

FIELD = ("input", "reason")
FILLERS = ("\u2800 \u3164\uffa0\u115f", "\ufe0f\u034f\u0301")


@pytest.mark.parametrize(
    "blank",
    [
        None,
        "",
        "  ",
        "\n\t",
        "\N{NO-BREAK SPACE}",
        "\N{ZERO WIDTH SPACE}",
        " \u200b\u2060\x07 ",
        "\u2800 \u3164\uffa0\u115f",
        "\ufe0f\u034f\u0301",
    ],
)
def test_invisible_text_is_blank(blank: str | None) -> None:
    faults: list[Fault] = []
    assert optional_text(blank, FIELD, "reason", 10, faults) is None
    assert faults == []
    assert required_text(blank, FIELD, "reason", 10, faults) == ""
    assert [(fault.code, fault.field) for fault in faults] == [(FaultCode.REQUIRED, FIELD)]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (" ill ", []),
        ("family \N{FAMILY}", []),
        ("0123456789", []),
        ("01234567890", [FaultCode.OUT_OF_RANGE]),
        ("\x00", [FaultCode.INVALID]),
        ("half \ud83d", [FaultCode.INVALID]),
    ],
)
def test_text_is_trimmed_and_checked(text: str, codes: list[FaultCode]) -> None:
    faults: list[Fault] = []
    assert required_text(text, FIELD, "reason", 10, faults) == text.strip()
    assert [fault.code for fault in faults] == codes
