"""The namespace of generated code: the objects that it refers to, and the functions defined from it."""

from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any, Final

# The same selections occur again in other documents and under other aliases. Code takes about six times the memory of
# its source, so the cache holds at most 12 MB.
_MAX_CACHED_LENGTH: Final = 2_000


class Namespace:
    """Gives each object a unique name. The generated functions run with these names as their globals."""

    def __init__(self, **objects: Any) -> None:
        self._objects: dict[str, Any] = objects

    def child(self) -> "Namespace":
        """Return a namespace with the same names. Names added to it are freed with the functions defined in it."""
        return Namespace(**self._objects)

    def add(self, value: Any, prefix: str) -> str:
        """Return a new name for an object. The prefix makes the code readable."""
        name = f"{prefix}_{len(self._objects)}"
        self._objects[name] = value
        return name

    def define(self, prefix: str, argument: str, lines: list[str]) -> Callable[[Any, list[Any]], Any]:
        """Return a function of `argument` and `state` whose body is the lines."""
        name = self.add(None, prefix)
        source = "\n    ".join([f"def {name}({argument}, state):", *lines])
        # The lines consist of names of the schema and the document, which are identifiers, and of fixed text.
        exec(_compile(source, f"<{name}>"), self._objects)  # noqa: S102 - see the line above
        function: Callable[[Any, list[Any]], Any] = self._objects[name]
        return function


def _compile(source: str, name: str) -> CodeType:
    return _compile_cached(source, name) if len(source) <= _MAX_CACHED_LENGTH else compile(source, name, "exec")


@lru_cache(maxsize=1_000)
def _compile_cached(source: str, name: str) -> CodeType:
    return compile(source, name, "exec")
