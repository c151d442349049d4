"""The executor: when compiled code is tried, and what happens when it gives up.

An attempt covers a whole query, or what one root field of a mutation answers. A query that is compiled as a whole is
completed by its region alone. Of others graphql-core executes as ever, while the attempt lasts, but an object or a list
of objects that can be compiled is completed by its region. The first error of any kind
ends the attempt: nothing of it is used, and graphql-core executes the same again by itself. During an attempt an error
is therefore not raised further, which would cancel what runs beside it in the middle of its statements; it leaves a
null, and a note that the attempt has failed.

A repeated query needs no executor: `CompiledExecutor.try_cached` completes it by the region that the cache holds.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

from graphql import (
    ExecutionResult,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import CollectedErrors
from graphql.execution.values import VariableValues
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from executor.batches import complete_many, complete_one
from executor.cache import PlanCache
from executor.region import Region, Write
from executor.region_cache import Regions, object_type, passes
from executor.rows import is_row_list


class _Root:
    """Stands for the root value, which nothing that is compiled looks at."""

    __slots__ = ()


_ROOT: Final = _Root()


@dataclass(slots=True)
class _Whole:
    """What completing a query as a whole looks at."""

    schema: GraphQLSchema
    variable_values: VariableValues
    context_value: Any
    hide_suggestions: bool = False


class CompiledExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, which completes by compiled code what can be: `Schema(execution_context_class=…)`."""

    encode: ClassVar[Write | None] = None
    """Makes of a part of the answer what the response's JSON encoder takes for it, such as its JSON text.

    So a long answer is written as its parts are completed, with turns for others in between, and what it was made of
    is let go at once. Where there is such a function, the answer may also hold values that the encoder writes as their
    scalar would (`serialized_by_encoder`).
    """

    plan_cache = PlanCache()
    """What is compiled for executors of this class."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.plan_cache = PlanCache()

    def __init__(self, *args: Any, compiled: bool = True, **kwargs: Any) -> None:
        """Take what graphql-core's takes, and whether anything is to be tried."""
        super().__init__(*args, **kwargs)
        self._compiled = compiled
        self._regions: Regions | None = None
        self._trying = False
        self._failed = False

    @staticmethod
    def on_fallback(context_value: Any) -> None:
        """Is called each time that an attempt has failed: what it did is done again by graphql-core."""

    @classmethod
    def try_cached(
        cls, schema: GraphQLSchema, operation: OperationDefinitionNode, inputs: Mapping[str, Any], context_value: Any
    ) -> AwaitableOrValue[dict[str, Any]] | None:
        """Return the data of a query that was compiled as a whole before, without making an executor for it.

        None where it was not, where its variables are wrong, or where a check refuses: an executor tells. Raises, as
        does what it gives to await, where the attempt fails.

        Args:
            schema: The schema, made by Strawberry.
            operation: The operation, of a valid document.
            inputs: The values of its variables, as the client sent them.
            context_value: What checks and batches look at.
        """
        found = cls.plan_cache.query(schema, operation, inputs)
        if found is None:
            return None
        plan, variable_values = found
        if plan.whole is None or not passes(plan.guards or (), context_value):
            return None
        return complete_one(_Whole(schema, variable_values, context_value), plan.whole, _ROOT)

    def execute_operation(self, serially: bool | None = None) -> Any:
        """Execute the operation; a query by an attempt, where there is something to try."""
        result = self._execute_operation(serially)
        return self._awaited(result) if self.is_awaitable(result) else self._let_go(result)

    def _execute_operation(self, serially: bool | None) -> Any:
        self._regions = self._regions_to_try()
        if self._regions is None or self.operation.operation is not OperationType.QUERY:
            return super().execute_operation(serially)
        if self._regions.whole is not None:
            return self._tried_whole(self._regions.whole, serially)
        self._trying = True
        result = super().execute_operation(serially)
        if self.is_awaitable(result):
            return self._tried_operation(result, serially)
        return result if self._succeeded(result) else super().execute_operation(serially)

    async def _awaited(self, result: Awaitable[Any]) -> Any:
        return self._let_go(await result)

    def _let_go(self, result: Any) -> Any:
        """Return the result and break reference cycles, so that the request is freed before the next collection."""
        if isinstance(result, ExecutionResult):  # nothing is still to come
            self._regions = None
            del self.async_helpers
        return result

    async def _tried_whole(self, query: Region, serially: bool | None) -> ExecutionResult:
        try:
            completed: Any = complete_one(self, query, _ROOT)
            data = await completed if isinstance(completed, Coroutine) else completed
        except Exception:  # whatever it is, graphql-core comes upon it again, and tells it
            self.on_fallback(self.context_value)
            result: Any = super().execute_operation(serially)
            return cast("ExecutionResult", await result if self.is_awaitable(result) else result)
        return ExecutionResult(data, None)

    async def _tried_operation(self, attempt: Awaitable[ExecutionResult], serially: bool | None) -> ExecutionResult:
        result: Any = await attempt
        if not self._succeeded(result):
            result = super().execute_operation(serially)
            if self.is_awaitable(result):
                result = await result
        return cast("ExecutionResult", result)

    def _succeeded(self, result: Any) -> bool:
        failed = self._ended() or bool(result.errors)
        if failed:
            self.collected_errors = CollectedErrors()
            self.on_fallback(self.context_value)
        return not failed

    def _ended(self) -> bool:
        """End the attempt. Tells whether it has failed."""
        failed = self._failed
        self._trying = self._failed = False
        return failed

    def handle_field_error(
        self, raw_error: Exception, return_type: GraphQLOutputType, field_details_list: list[FieldDetails], path: Path
    ) -> None:
        """Handle an error as graphql-core does; during an attempt only notes that there was one."""
        if self._trying:
            self._failed = True
        else:
            super().handle_field_error(raw_error, return_type, field_details_list, path)

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Complete an object, by its region where it has one."""
        if self._trying and self._regions is not None:
            region = self._regions.find(return_type, field_details_list, path, nullable=False)
            if region is not None:
                return complete_one(self, region, result)
        elif self._regions is not None and path.prev is None and self.operation.operation is OperationType.MUTATION:
            return self._try_answer(return_type, field_details_list, info, path, result, position_context)
        return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> AwaitableOrValue[list[Any]]:
        """Complete a list, by the region of its objects where they have one."""
        if self._trying and self._regions is not None and (isinstance(items, list | tuple) or is_row_list(items)):
            type_, nullable = object_type(item_type)
            region = self._regions.find(type_, field_details_list, path, nullable=nullable) if type_ else None
            if region is not None:
                return complete_many(self, region, items)
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    def _try_answer(self, *arguments: Any) -> AwaitableOrValue[dict[str, Any]]:
        """Complete what a root field of a mutation answers. They come one after another, and so do their attempts."""
        self._trying = True
        result: Any = None
        try:
            result = self.complete_object_value(*arguments)
        except Exception:  # whatever it is, graphql-core comes upon it again, and tells it
            self._failed = True
        if self.is_awaitable(result):
            return self._tried_answer(result, arguments)
        if not self._ended():
            return cast("dict[str, Any]", result)
        self.on_fallback(self.context_value)
        return super().complete_object_value(*arguments)

    async def _tried_answer(self, attempt: Awaitable[dict[str, Any]], arguments: tuple[Any, ...]) -> dict[str, Any]:
        result: Any = None
        try:
            result = await attempt
        except Exception:  # as above
            self._failed = True
        if self._ended():
            self.on_fallback(self.context_value)
            result = super().complete_object_value(*arguments)
            if self.is_awaitable(result):
                result = await result
        return cast("dict[str, Any]", result)

    def _regions_to_try(self) -> "Regions | None":
        """Return what may be tried; None where all is graphql-core's."""
        if not self._compiled or self.operation.operation is OperationType.SUBSCRIPTION:
            return None
        if self._is_watched() or not _in_event_loop():
            return None
        plan = self.plan_cache.plan(
            self.schema, self.operation, self.fragment_definitions, self.variable_values.coerced
        )
        if plan is None:
            return None
        regions = Regions(self, plan, type(self).encode)
        return regions if regions.may_be_tried() else None

    def _is_watched(self) -> bool:
        # Each of these may see, or change, what happens at a single field.
        middleware = self.middleware_manager
        return bool(
            (middleware is not None and middleware.middlewares)
            or (self.hooks is not None and self.hooks.async_work_finished)
            or self.abort_signal is not None
        )


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
