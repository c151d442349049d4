"""GraphQL's rule that fields of one name in one selection can be merged, with a bound on its work.

The rule compares such fields, and all below them, pair by pair. The library's own bound lets it run for seconds.
"""

from typing import Any

from graphql import OverlappingFieldsCanBeMergedRule, SelectionSetNode, ValidationContext
from graphql.validation.validate import ValidationAbortedError

from schema.admission.limit_checks import LimitExceeded


def merging_rule(most_comparisons: int) -> type[OverlappingFieldsCanBeMergedRule]:
    """Return the rule. It raises LimitExceeded where a document takes more comparisons."""

    class BoundedMerging(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = most_comparisons

        def enter_selection_set(self, selection_set: SelectionSetNode, key: Any, parent: Any, *args: Any) -> None:
            try:
                super().enter_selection_set(selection_set, key, parent, *args)
            except ValidationAbortedError:
                left = self.rule_context.remaining_complexity_budget
                if left >= 0:  # too many errors, then
                    raise
                told = LimitExceeded(
                    "comparisons",
                    most_comparisons - left,
                    most_comparisons,
                    "Fields that stand more than once take {} comparisons or more",
                )
            else:
                return
            raise told

    return BoundedMerging
