"""Documents that clients send: parsed, held against the limits and validated once, and kept for the next request."""

import asyncio
import sys
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    IntValueNode,
    NoFragmentCyclesRule,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema.admission.cost import Cost, Formulas, literal_size
from schema.admission.limit_checks import LimitExceeded
from schema.admission.limits import Limits
from schema.admission.measure import Measure, Measuring, fragments_in_order
from schema.admission.merging import merging_rule

_RULES: Final = (
    *(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule),
    MaybeNullValidationRule,  # Strawberry's own two
    OneOfInputValidationRule,
)
_MOST_ERRORS: Final = 10
"""Each error prints what it found; a client mends the first ones first."""
_KEPT_DOCUMENTS: Final = 1_000
_BYTES_PER_TOKEN: Final = 600
"""Of memory: nodes, their places and their tokens."""
_LONGEST_LOGGED_NAME: Final = 100
_TOO_MANY_TOKENS: Final = "Syntax Error: Document contains more than "
_TOO_DEEP: Final = "Syntax Error: Document is nested too deeply."
_PARSERS_DEPTH: Final = 200


class InvalidDocument(Exception):
    """A document that cannot be executed, with GraphQL's own errors of it."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("the document is not valid")
        self.errors = errors


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a valid document."""

    node: OperationDefinitionNode
    _cost: Cost
    _formulas: Formulas
    _defaults: Mapping[str, int]

    @property
    def name(self) -> str | None:
        """Its name, where it has one."""
        return self.node.name.value if self.node.name else None

    @property
    def name_for_logs(self) -> str | None:
        """The name, where it is of a length that logs take."""
        return self.name if self.name is not None and len(self.name) <= _LONGEST_LOGGED_NAME else None

    def cost(self, variables: Mapping[str, Any] | None) -> int:
        """Return how many values the answer may hold with these variables (schema.admission.cost)."""
        if isinstance(self._cost, int):
            return self._cost
        return self._formulas.work_out(self._cost, {**self._defaults, **(variables or {})})


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A valid document that is within the limits."""

    node: DocumentNode
    operations: tuple[Operation, ...]

    def operation(self, name: str | None) -> Operation | None:
        """Return the operation of this name; without one the only operation (GraphQL section 6.1, GetOperation)."""
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        return next((operation for operation in self.operations if operation.name == name), None)


class Documents:
    """The documents of a schema, by their text. Those that are valid are kept, the latest asked for, within bounds."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self.limits = limits
        self._schema = schema
        self._rules = (*_RULES, merging_rule(limits.comparisons))
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._kept_memory = 0
        self._reading = asyncio.Lock()

    async def read(self, text: str) -> Document:
        """Return the document. Whatever else is to be done has its turn between reading a long one and running it.

        Raises:
            LimitExceeded: It is over a limit that does not depend on variables.
            GraphQLSyntaxError: It does not parse.
            InvalidDocument: It is not valid in this schema.
        """
        known = self._kept.get(text)
        if known is not None:
            self._kept.move_to_end(text)
            return known
        async with self._reading:
            if text in self._kept:
                return self._kept[text]  # many may send the same at the same time
            node = _parse(text, self.limits)
            await asyncio.sleep(0)
            document = self._checked(node)
            self._keep(text, document)
        await asyncio.sleep(0)
        return document

    def _checked(self, node: DocumentNode) -> Document:
        try:
            operations = _measure(self._schema, node, self.limits)
        except CycleError:
            raise InvalidDocument(validate(self._schema, node, [NoFragmentCyclesRule], _MOST_ERRORS)) from None
        errors = validate(self._schema, node, self._rules, _MOST_ERRORS)
        if errors:
            raise InvalidDocument(errors)
        return Document(node, operations)

    def _keep(self, text: str, document: Document) -> None:
        self._kept[text] = document
        self._kept_memory += _memory(text, document)
        while len(self._kept) > _KEPT_DOCUMENTS or self._kept_memory > self.limits.cache_bytes // 2:
            self._kept_memory -= _memory(*self._kept.popitem(last=False))


def _parse(text: str, limits: Limits) -> DocumentNode:
    if len(text) > limits.characters:
        raise LimitExceeded("characters", len(text), limits.characters, "The document has {} characters")
    try:
        return _without_token_chain(parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens))
    except GraphQLSyntaxError as error:
        if error.message.startswith(_TOO_MANY_TOKENS):
            told = LimitExceeded("tokens", limits.tokens + 1, limits.tokens, "The document has {} tokens or more")
        elif error.message.startswith(_TOO_DEEP):
            told = LimitExceeded("depth", _PARSERS_DEPTH, limits.depth, "The document is nested {} levels deep or more")
        else:
            raise
    # Raised here: the syntax error would stay with it as its context.
    raise told


def _without_token_chain(node: DocumentNode) -> DocumentNode:
    """Unlink the document's tokens, which nobody walks any more.

    Comments and punctuators go at once, and the rest with the document: in a chain that leads both ways they would
    wait for the garbage collector.
    """
    token = node.loc.start_token if node.loc else None
    while token is not None:
        token.prev, token.next, token = None, None, token.next
    return node


def _measure(schema: GraphQLSchema, node: DocumentNode, limits: Limits) -> tuple[Operation, ...]:
    fragments, spreads = fragments_in_order(node)
    _hold(limits, "fragments", spreads, "The document spreads {} fragments")
    measuring = Measuring(schema)
    for fragment in fragments:
        measuring.fragment(fragment)
    operations = []
    for definition in node.definitions:
        if isinstance(definition, OperationDefinitionNode):
            found = measuring.operation(definition)
            _check(found, limits)
            operations.append(Operation(definition, found.cost, measuring.formulas, _sizes_by_default(definition)))
    return tuple(operations)


def _check(found: Measure, limits: Limits) -> None:
    _hold(limits, "depth", found.depth, "The query is nested {} fields deep")
    _hold(limits, "depth", found.values, "A value in the query is nested {} levels deep")
    _hold(limits, "aliases", found.aliases, "The query has {} aliases and repeated fields")
    _hold(limits, "root_fields", found.fields, "The operation has {} root fields")
    _hold(limits, "directives", found.directives, "The query has {} directives")


def _hold(limits: Limits, limit: str, requested: int, text: str) -> None:
    allowed = getattr(limits, limit)
    if requested > allowed:
        raise LimitExceeded(limit, requested, allowed, text)


def _sizes_by_default(node: OperationDefinitionNode) -> dict[str, int]:
    return {
        definition.variable.name.value: literal_size(definition.default_value)
        for definition in node.variable_definitions or ()
        if isinstance(definition.default_value, IntValueNode)
    }


def _memory(text: str, document: Document) -> int:
    """Return about how many bytes a document keeps. Strings and comments in it are in its text and in its tokens."""
    return 2 * sys.getsizeof(text) + _BYTES_PER_TOKEN * document.node.token_count
