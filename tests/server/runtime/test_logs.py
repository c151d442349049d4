"""A server's process prints only JSON objects, one per line, without personal data."""

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


async def never_awaited():
    pass


Closing()
# As in code that namedtuple generates: without builtins, Python cannot even import the module that warns.
eval("lambda call: None if call() else None", {"__builtins__": {}})(never_awaited)
"""


def test_an_unraisable_exception_is_one_line_of_the_log() -> None:
    process = subprocess.run([sys.executable, "-c", UNRAISABLE], cwd=ROOT, capture_output=True, text=True, check=True)
    [line] = [json.loads(line) for line in process.stderr.splitlines()]
    assert (line["level"], line["message"]) == ("ERROR", "an unraisable exception")
    assert [fault["type"] for fault in line["fault"]] == ["builtins.ValueError"]
    assert "Jane" not in process.stderr
