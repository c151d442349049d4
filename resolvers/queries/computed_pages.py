"""Pages of lists that are computed, not read: of conflicts, and of patients' weeks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from db.sql.listings import Window
from resolvers.queries.pages import Length, PageEdge, PagePosition

Element = TypeVar("Element")


@dataclass(frozen=True, slots=True)
class ComputedPage(Generic[Element]):
    """A page of a list that is computed.

    Attributes:
        nodes: The elements.
        page_info: The position of the page in its list.
        total: The length of the list, or a function that counts it.
        cursor_of: Returns the cursor of an element.
    """

    nodes: Sequence[Element]
    page_info: PagePosition
    total: Length
    cursor_of: Callable[[Element], str]

    @property
    def edges(self) -> list[PageEdge[Element]]:
        """The elements with their cursors."""
        return [PageEdge(self.cursor_of(element), element) for element in self.nodes]


def computed_page(
    elements: Sequence[Element], part: Window, total: Length, cursor_of: Callable[[Element], str]
) -> ComputedPage[Element]:
    """Return a page of the elements between the cursors, in the list's order.

    Args:
        elements: The elements of the window, at least one more than its limit if they go on in its direction.
        part: The window.
        total: The length of the whole list.
        cursor_of: Returns the cursor of an element.
    """
    more, limit = len(elements) > part.limit, part.limit
    nodes = elements[-limit:] if part.backwards else elements[:limit]
    if part.backwards:
        has_next, has_previous = part.before is not None, more
    else:
        has_next, has_previous = more, part.after is not None
    start, end = (cursor_of(nodes[0]), cursor_of(nodes[-1])) if nodes else (None, None)
    return ComputedPage(nodes, PagePosition(has_next, has_previous, start, end), total, cursor_of)
