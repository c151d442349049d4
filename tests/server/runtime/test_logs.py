"""Whatever a server's process prints is a JSON object a line, and quotes nobody."""

import json
import subprocess
import sys

from tests.support.repository import ROOT

UNRAISABLE = """
from server.runtime.logs import configure_logging

configure_logging("INFO")


class Closing:
    def __del__(self):
        raise ValueError("Jane Doe")


async def awaited_by_nobody():
    pass


Closing()
# As a named tuple is made: Python wants to warn there, and cannot even import what it warns by.
eval("lambda made: None if made() else None", {"__builtins__": {}})(awaited_by_nobody)
"""


def test_an_exception_that_nobody_can_catch_is_one_line_of_the_log() -> None:
    ran = subprocess.run([sys.executable, "-c", UNRAISABLE], cwd=ROOT, capture_output=True, text=True, check=True)
    [line] = [json.loads(line) for line in ran.stderr.splitlines()]
    assert (line["level"], line["message"]) == ("ERROR", "an exception that nobody can catch")
    assert [each["type"] for each in line["fault"]] == ["builtins.ValueError"]
    assert "Jane" not in ran.stderr
