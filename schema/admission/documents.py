"""The documents of clients. Each is parsed, measured and validated once, and cached for the next request."""

import asyncio
import sys
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
    ValuesOfCorrectTypeRule,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema.admission.cost import Cost, CostModel, literal_size
from schema.admission.document_cache import DocumentCache
from schema.admission.document_errors import schema_names, without_client_names, without_tokens
from schema.admission.input_errors import MAX_ERRORS, LiteralValuesRule
from schema.admission.limit_checks import LimitExceeded
from schema.admission.limits import Limits
from schema.admission.measure import DocumentMeasurer, SelectionMeasures, fragments_in_order
from schema.admission.merging import merging_rule
from schema.admission.operation_label import operation_label

_REPLACED_RULES: Final = frozenset({OverlappingFieldsCanBeMergedRule, ValuesOfCorrectTypeRule})
_RULES: Final = (
    *(rule for rule in specified_rules if rule not in _REPLACED_RULES),
    LiteralValuesRule,
    MaybeNullValidationRule,  # this rule and the next are Strawberry's
    OneOfInputValidationRule,
)
_MAX_DOCUMENTS: Final = 1_000
_BYTES_PER_TOKEN: Final = 600
"""The memory of a token with its node and its location."""
_MAX_LOGGED_NAME: Final = 100
_TOO_MANY_TOKENS: Final = "Syntax Error: Document contains more than "
_TOO_DEEP: Final = "Syntax Error: Document is nested too deeply."
_PARSER_DEPTH: Final = 200


class InvalidDocument(Exception):
    """A document is not valid. `errors` has the errors of the validation, without names that the client chose."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("the document is not valid")
        self.errors = errors


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a valid document.

    Attributes:
        node: Its definition.
        label: Its label in metrics.
    """

    node: OperationDefinitionNode
    label: str
    _cost: Cost
    _costs: CostModel
    _defaults: Mapping[str, int]

    @property
    def name(self) -> str | None:
        """The name of the operation, if it has one."""
        return self.node.name.value if self.node.name else None

    @property
    def name_for_logs(self) -> str | None:
        """The name, if it is short enough for the logs."""
        return self.name if self.name is not None and len(self.name) <= _MAX_LOGGED_NAME else None

    def cost(self, variables: Mapping[str, Any] | None) -> int:
        """Return the cost of the operation with these variables (schema.admission.cost)."""
        if isinstance(self._cost, int):
            return self._cost
        return self._costs.evaluate(self._cost, {**self._defaults, **(variables or {})})


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A valid document within the limits."""

    node: DocumentNode
    operations: tuple[Operation, ...]

    def operation(self, name: str | None) -> Operation | None:
        """Return the operation with a name; without a name, the only operation (GraphQL section 6.1, GetOperation)."""
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        return next((operation for operation in self.operations if operation.name == name), None)


class Documents:
    """The documents of a schema. A bounded cache has the valid documents that were used last."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self.limits = limits
        self._schema = schema
        self._names = schema_names(schema)
        self._rules = (*_RULES, merging_rule(limits.comparisons))
        self._cache: DocumentCache[Document] = DocumentCache(_MAX_DOCUMENTS, limits.cache_bytes // 2)
        self._lock = asyncio.Lock()

    async def read(self, text: str, organization_id: str, sha256: str | None = None) -> Document:
        """Return the document of a text. Other tasks can run between its parsing, its validation and its execution.

        Args:
            text: The text.
            organization_id: The organization that is charged for the document's memory in the cache.
            sha256: The hash of the text. If given, `text_of` finds the text while the document is cached.

        Raises:
            LimitExceeded: The document exceeds a limit that does not depend on variables.
            GraphQLSyntaxError: The text does not parse.
            InvalidDocument: The document is not valid in this schema.
        """
        document = self._cache.find(text, organization_id)
        if document is None:
            document = await self._read_uncached(text, organization_id)
        if sha256 is not None:
            self._cache.register_hash(text, sha256)
        return document

    def text_of(self, sha256: str) -> str | None:
        """Return the text with a hash, or None if it was never read with its hash or the cache evicted it."""
        return self._cache.text_of(sha256)

    async def _read_uncached(self, text: str, organization_id: str) -> Document:
        async with self._lock:
            document = self._cache.find(text, organization_id)
            if document is not None:
                return document  # another request with the same text was first
            node = _parse(text, self.limits)
            await asyncio.sleep(0)
            document = self._validated(node)
            self._cache.add(text, document, _size(text, document), organization_id)
        await asyncio.sleep(0)
        return document

    def _validated(self, node: DocumentNode) -> Document:
        try:
            operations = _measure(self._schema, node, self.limits)
        except CycleError:
            raise self._invalid(validate(self._schema, node, [NoFragmentCyclesRule], MAX_ERRORS)) from None
        errors = validate(self._schema, node, self._rules, MAX_ERRORS)
        if errors:
            raise self._invalid(errors)
        return Document(node, operations)

    def _invalid(self, errors: list[GraphQLError]) -> InvalidDocument:
        for error in errors:
            error.message = without_client_names(error.message, self._names)
        return InvalidDocument(errors)


def _parse(text: str, limits: Limits) -> DocumentNode:
    if len(text) > limits.characters:
        raise LimitExceeded("characters", len(text), limits.characters, "The document has {} characters")
    try:
        return _without_token_chain(parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens))
    except GraphQLSyntaxError as error:
        if error.message.startswith(_TOO_MANY_TOKENS):
            exceeded = LimitExceeded("tokens", limits.tokens + 1, limits.tokens, "The document has {} tokens or more")
        elif error.message.startswith(_TOO_DEEP):
            exceeded = LimitExceeded(
                "depth", _PARSER_DEPTH, limits.depth, "The document is nested {} levels deep or more"
            )
        else:
            error.message = without_tokens(error.message)
            raise
    # Raised outside of the except clause, so that the syntax error is not kept as its context.
    raise exceeded


def _without_token_chain(node: DocumentNode) -> DocumentNode:
    """Unlink the document's tokens. Nothing needs their chain after parsing.

    Comments and punctuators are then freed at once, and the other tokens with the document. A doubly linked chain would
    have to wait for the garbage collector.
    """
    token = node.loc.start_token if node.loc else None
    while token is not None:
        token.prev, token.next, token = None, None, token.next
    return node


def _measure(schema: GraphQLSchema, node: DocumentNode, limits: Limits) -> tuple[Operation, ...]:
    fragments, spreads = fragments_in_order(node)
    _check(limits, "fragments", spreads, "The document spreads {} fragments")
    measurer = DocumentMeasurer(schema)
    for fragment in fragments:
        measurer.fragment(fragment)
    operations = []
    for definition in node.definitions:
        if isinstance(definition, OperationDefinitionNode):
            measures = measurer.operation(definition)
            _check_measures(measures, limits)
            label = operation_label(definition, fragments)
            operations.append(Operation(definition, label, measures.cost, measurer.costs, _default_sizes(definition)))
    return tuple(operations)


def _check_measures(measures: SelectionMeasures, limits: Limits) -> None:
    _check(limits, "depth", measures.depth, "The query is nested {} fields deep")
    _check(limits, "depth", measures.value_depth, "A value in the query is nested {} levels deep")
    _check(limits, "aliases", measures.aliases, "The query has {} aliases and repeated fields")
    _check(limits, "root_fields", measures.fields, "The operation has {} root fields")
    _check(limits, "directives", measures.directives, "The query has {} directives")


def _check(limits: Limits, limit: str, requested: int, text: str) -> None:
    allowed = getattr(limits, limit)
    if requested > allowed:
        raise LimitExceeded(limit, requested, allowed, text)


def _default_sizes(node: OperationDefinitionNode) -> dict[str, int]:
    return {
        definition.variable.name.value: literal_size(definition.default_value)
        for definition in node.variable_definitions or ()
        if isinstance(definition.default_value, IntValueNode)
    }


def _size(text: str, document: Document) -> int:
    """Return the approximate memory of a document in bytes. Strings and comments are in the text and in the tokens."""
    return 2 * sys.getsizeof(text) + _BYTES_PER_TOKEN * document.node.token_count
