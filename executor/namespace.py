"""The objects that generated code refers to, by names of their own, and the code's definition."""

from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any, Final

# The same selections come again, in other documents and under other aliases. Code takes some six times the memory of
# its source, so what is kept of it is 12 MB at most.
_LONGEST_KEPT: Final = 2_000


class Namespace:
    """Gives each object a name, and is the namespace in which the code then runs."""

    def __init__(self, **known: Any) -> None:
        self._namespace: dict[str, Any] = known

    def inner(self) -> "Namespace":
        """Return a namespace that knows these names too. What it gets besides ends with what is defined in it."""
        return Namespace(**self._namespace)

    def of(self, value: Any, kind: str) -> str:
        """Return a new name for the object; the kind makes the code readable."""
        name = f"{kind}_{len(self._namespace)}"
        self._namespace[name] = value
        return name

    def define(self, kind: str, argument: str, lines: list[str]) -> Callable[[Any, list[Any]], Any]:
        """Return the function of the argument and of `state` that the lines are the body of."""
        name = self.of(None, kind)
        source = "\n    ".join([f"def {name}({argument}, state):", *lines])
        # The lines are made of the schema's and the document's names, which are identifiers, and of nothing else.
        exec(_compiled(source, f"<{name}>"), self._namespace)  # noqa: S102 - see the line above
        defined: Callable[[Any, list[Any]], Any] = self._namespace[name]
        return defined


def _compiled(source: str, name: str) -> CodeType:
    return _kept(source, name) if len(source) <= _LONGEST_KEPT else compile(source, name, "exec")


@lru_cache(maxsize=1_000)
def _kept(source: str, name: str) -> CodeType:
    return compile(source, name, "exec")
