"""The examples of an API page: a query or mutation, then its variables and its response, each in a fenced block."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ANYTHING = "…"
"""What a page shows for the rest of an id or a cursor, which differ from run to run."""

_CURL_BODY = re.compile(r"-d '(\{.*\})'", re.DOTALL)
_BLOCK = re.compile(r"^```(graphql|json|shell)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Example:
    """One operation of a page, with the variables and the response that the page shows."""

    line: int
    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] | None = None


def examples_of(page: Path) -> list[Example]:
    """Return a page's examples in their order. A JSON block belongs to the operation before it.

    An operation is a GraphQL block, or the body that a shell block posts with curl.
    """
    text = page.read_text()
    examples: list[Example] = []
    for match in _BLOCK.finditer(text):
        language, content = match.groups()
        if language == "shell":
            content = "".join(json.loads(body)["query"] for body in _CURL_BODY.findall(content))
        if language != "json":
            if content:
                examples.append(Example(text.count("\n", 0, match.start()) + 1, content))
            continue
        value = json.loads(content)
        if "data" in value or "errors" in value:
            examples[-1].response = value
        else:
            examples[-1].variables = value
    return examples


def references_in(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what later variables may refer to, by its name on a page: `PATIENT_ID`, `PATIENT_VERSION`, `CURSOR`.

    Of a list that is the id of the first element.
    """
    if isinstance(value, list):
        for element in value[:1]:
            yield from references_in(element, name)
    elif isinstance(value, dict):
        for key, child in value.items():
            if key in {"id", "version"}:
                yield f"{name}_{key}".upper(), child
            elif key == "endCursor":
                yield "CURSOR", child
            elif key in {"nodes", "node"}:
                yield from references_in(child, name)
            else:
                yield from references_in(child, re.sub("(?<!^)([A-Z])", r"_\1", key.removesuffix("s")))


def matches(shown: Any, actual: Any) -> bool:
    """Return whether a response is the one that the page shows, apart from what the page leaves open with `…`."""
    if isinstance(shown, dict) and isinstance(actual, dict):
        return shown.keys() == actual.keys() and all(matches(shown[key], actual[key]) for key in shown)
    if isinstance(shown, list) and isinstance(actual, list):
        return len(shown) == len(actual) and all(map(matches, shown, actual))
    if isinstance(shown, str) and shown.endswith(ANYTHING):
        return isinstance(actual, str) and actual.startswith(shown.removesuffix(ANYTHING))
    return bool(shown == actual)


def resolve(variables: dict[str, Any], references: dict[str, Any]) -> dict[str, Any]:
    """Return the variables with each name such as `PATIENT_ID` replaced by what it refers to."""
    text = json.dumps(variables)
    return dict(json.loads(re.sub('"([A-Z_]+)"', lambda name: json.dumps(references.get(name[1], name[1])), text)))
