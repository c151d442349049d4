"""The schema, and its text."""

from copy import copy
from typing import Any

import orjson
import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from executor import CompiledExecutor
from resolvers.context import Context
from schema.admission.limits import DEFAULT_LIMITS
from schema.mutations import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import Subscription
from schema.types import (
    AuditEntry,
    Closure,
    Enrollment,
    GroupDefinition,
    Location,
    Occurrence,
    Patient,
    StaffMember,
)


def _encoded(part: Any) -> orjson.Fragment:
    # The encoder's result keeps its buffer, which is at least twice as large. A response has hundreds of parts.
    return orjson.Fragment(bytes(memoryview(orjson.dumps(part))))


class _Executor(CompiledExecutor):
    """The compiled executor. It counts fallbacks in the request's context, and orjson encodes its results."""

    encode = staticmethod(_encoded)

    @staticmethod
    def on_fallback(context_value: Context) -> None:
        context_value.fell_back()


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    # The types that `node` can return, whether or not another field leads to them.
    types=[GroupDefinition, Occurrence, Enrollment, Closure, AuditEntry, StaffMember, Location, Patient],
    config=StrawberryConfig(scalar_map=SCALARS),
    execution_context_class=_Executor,
)


def schema_with_executor(*, compiled: bool, cache_bytes: int = DEFAULT_LIMITS.cache_bytes) -> strawberry.Schema:
    """Return the schema with the compiled executor, or with Strawberry's own. Their responses are equal.

    Args:
        compiled: Whether to use the compiled executor.
        cache_bytes: The approximate size of the cache of documents. Compiled operations may use half of it.
    """
    if compiled:
        _Executor.plan_cache.max_bytes = cache_bytes // 2
        return schema
    plain = copy(schema)
    plain.execution_context_class = StrawberryGraphQLCoreExecutionContext
    return plain


def export() -> str:
    """Return the schema in GraphQL's schema definition language."""
    return schema.as_str() + "\n"
