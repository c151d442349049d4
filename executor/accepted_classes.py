"""The classes of objects that a selection accepts, as far as they have occurred."""

from typing import Final

from graphql import Undefined
from graphql.pyutils import is_awaitable

from executor.bailout import Bailout
from executor.leaves import close_coroutine
from executor.selection import Selection

MAX_CLASSES: Final = 32
"""Classes and layouts that are created at run time must not fill the memory."""


class AcceptedClasses:
    """Checks the class of an object once for each class.

    Attributes:
        classes: The classes that were checked.
    """

    def __init__(self, selection: Selection) -> None:
        self.classes: set[type] = set()
        self._selection = selection

    def is_missing(self, value: object) -> bool:
        """Return whether the value is an allowed null. Otherwise check its class, and remember the class.

        Raises:
            Bailout: A null is not allowed, or the value is not an object of the expected class.
        """
        if value is None or value is Undefined:
            if self._selection.nullable:
                return True
            raise Bailout("null in a non-null position")
        record_class = self._selection.record_class
        has_class = record_class is None or isinstance(value, record_class)
        if isinstance(value, Exception) or is_awaitable(value) or not has_class:
            close_coroutine(value)
            raise Bailout("an exception, an awaitable, or an object of another class")
        if len(self.classes) >= MAX_CLASSES:
            self.classes.clear()
        self.classes.add(type(value))
        return False
