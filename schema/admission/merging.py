"""The validation rule that fields with the same response name can be merged, with a limit on its work.

The rule compares such fields, and everything below them, in pairs. The limit of graphql-core lets it run for seconds.
"""

from typing import Any

from graphql import OverlappingFieldsCanBeMergedRule, SelectionSetNode, ValidationContext
from graphql.validation.validate import ValidationAbortedError

from schema.admission.limit_checks import LimitExceeded


def merging_rule(max_comparisons: int) -> type[OverlappingFieldsCanBeMergedRule]:
    """Return the rule. It raises LimitExceeded if a document needs more comparisons."""

    class LimitedMergingRule(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = max_comparisons

        def enter_selection_set(self, selection_set: SelectionSetNode, key: Any, parent: Any, *args: Any) -> None:
            try:
                super().enter_selection_set(selection_set, key, parent, *args)
            except ValidationAbortedError:
                remaining = self.rule_context.remaining_complexity_budget
                if remaining >= 0:  # aborted because of too many errors
                    raise
                error = LimitExceeded(
                    "comparisons",
                    max_comparisons - remaining,
                    max_comparisons,
                    "Repeated fields take {} comparisons or more",
                )
            else:
                return
            raise error

    return LimitedMergingRule
