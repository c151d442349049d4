"""The executor. It attempts compiled code, and falls back to graphql-core.

An attempt covers a whole query, or one root field of a mutation after the mutation itself. If the whole query is
compiled, its region completes it. Otherwise graphql-core executes the operation, and regions complete the objects and
lists that can be compiled.

A field that fails becomes null, and its error is added to the response. An attempt fails as a whole if only
graphql-core can tell which errors there are. Its result is then discarded, and graphql-core executes the same again
without compiled code. Where graphql-core executes fields during an attempt, no null propagates, since that would cancel
sibling fields in the middle of their database statements. It marks the attempt as failed.

A repeated query needs no executor: `CompiledExecutor.try_cached` completes it by the region that the cache holds.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, ClassVar, cast

from graphql import (
    ExecutionResult,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import CollectedErrors
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from executor.attempts import complete_list, complete_object, complete_query
from executor.bailout import Bailout
from executor.execution_context import ExecutionContext
from executor.plan_cache import PlanCache
from executor.region import Encode, Region
from executor.region_finder import RegionFinder, check_guard, object_type
from executor.rows import is_row_list


class CompiledExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, with compiled code: `Schema(execution_context_class=CompiledExecutor)`."""

    encode: ClassVar[Encode | None] = None
    """Converts a part of the response into a form that the response's JSON encoder accepts, such as its JSON text.

    A long response is then encoded while its parts are completed, other requests can run in between, and the memory of
    a part is freed at once. The response may also contain values that the encoder writes as their scalar would
    (`serialized_by_encoder`).
    """

    plan_cache = PlanCache()
    """The plans of all executors of this class."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.plan_cache = PlanCache()

    def __init__(self, *args: Any, compiled: bool = True, **kwargs: Any) -> None:
        """Take the arguments of graphql-core's executor, and whether to attempt compiled code."""
        super().__init__(*args, **kwargs)
        self._compiled = compiled
        self._finder: RegionFinder | None = None
        self._is_attempt = False
        self._attempt_failed = False

    @staticmethod
    def on_fallback(context_value: Any) -> None:
        """Handle a failed attempt: graphql-core is about to repeat its work. Override it to count them."""

    @classmethod
    def try_cached(
        cls, schema: GraphQLSchema, operation: OperationDefinitionNode, inputs: Mapping[str, Any], context_value: Any
    ) -> Awaitable[ExecutionResult] | None:
        """Return the result of a query that was compiled as a whole before, without creating an executor.

        Return None if it was not, if a variable is invalid, or if the guard of a non-null field refuses; an executor
        must then execute it. Awaiting the result may raise any exception: the attempt has failed.

        Args:
            schema: The schema, created by Strawberry.
            operation: The operation of a valid document.
            inputs: The values of its variables, as sent by the client.
            context_value: The context value for guards and batches.
        """
        cached = cls.plan_cache.find_query(schema, operation, inputs)
        if cached is None:
            return None
        plan, query, variable_values = cached
        refusals = {}
        for guard in plan.guards or ():
            exception = check_guard(guard, context_value)
            if exception is not None:
                if guard in plan.required_guards:
                    return None
                refusals[guard] = exception
        return complete_query(ExecutionContext(schema, variable_values, context_value, refusals=refusals), query)

    def execute_operation(self, serially: bool | None = None) -> Any:
        """Execute the operation, with compiled code as far as possible."""
        result = self._execute_operation(serially)
        return self._await_and_release(result) if self.is_awaitable(result) else self._release(result)

    def _execute_operation(self, serially: bool | None) -> Any:
        self._finder = self._create_finder()
        if self._finder is None or self.operation.operation is not OperationType.QUERY:
            return super().execute_operation(serially)
        if self._finder.query is not None:
            return self._attempt_query(self._finder.query, serially)
        self._is_attempt = True
        result = super().execute_operation(serially)
        if self.is_awaitable(result):
            return self._await_operation(result, serially)
        return result if self._is_successful(result) else super().execute_operation(serially)

    async def _await_and_release(self, result: Awaitable[Any]) -> Any:
        return self._release(await result)

    def _release(self, result: Any) -> Any:
        """Return the result, and break reference cycles so that the request is freed without a garbage collection."""
        if isinstance(result, ExecutionResult):  # not a stream of further results
            self._finder = None
            del self.async_helpers
        return result

    async def _attempt_query(self, query: Region, serially: bool | None) -> ExecutionResult:
        finder = cast("RegionFinder", self._finder)
        try:
            return await complete_query(finder.context(), query)
        except Exception:  # graphql-core meets the same error and reports it
            self.on_fallback(self.context_value)
            result: Any = super().execute_operation(serially)
            return cast("ExecutionResult", await result if self.is_awaitable(result) else result)

    async def _await_operation(self, attempt: Awaitable[ExecutionResult], serially: bool | None) -> ExecutionResult:
        result: Any = await attempt
        if not self._is_successful(result):
            result = super().execute_operation(serially)
            if self.is_awaitable(result):
                result = await result
        return cast("ExecutionResult", result)

    def _is_successful(self, result: Any) -> bool:
        failed = self._end_attempt() or result.data is None
        if failed:
            self.collected_errors = CollectedErrors()
            self.on_fallback(self.context_value)
        return not failed

    def _end_attempt(self) -> bool:
        """End the attempt. Return whether it has failed."""
        failed = self._attempt_failed
        self._is_attempt = self._attempt_failed = False
        return failed

    def handle_field_error(
        self, raw_error: Exception, return_type: GraphQLOutputType, field_details_list: list[FieldDetails], path: Path
    ) -> None:
        """Handle an error as graphql-core does. During an attempt, mark the attempt as failed if null propagates."""
        if self._is_attempt and (isinstance(raw_error, Bailout) or is_non_null_type(return_type)):
            self._attempt_failed = True
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
        """Complete an object, by its region if there is one."""
        if self._is_attempt and self._finder is not None:
            region = self._finder.find(return_type, field_details_list, path, nullable=False)
            if region is not None:
                return complete_object(self._finder.context(), region, result, path, self.collected_errors.errors)
        elif self._finder is not None and path.prev is None and self.operation.operation is OperationType.MUTATION:
            return self._attempt_payload(return_type, field_details_list, info, path, result, position_context)
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
        """Complete a list, by the region of its objects if there is one."""
        if self._is_attempt and self._finder is not None and (isinstance(items, list | tuple) or is_row_list(items)):
            type_, nullable = object_type(item_type)
            region = self._finder.find(type_, field_details_list, path, nullable=nullable) if type_ else None
            if region is not None:
                return complete_list(self._finder.context(), region, items, path, self.collected_errors.errors)
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    def _attempt_payload(self, *arguments: Any) -> AwaitableOrValue[dict[str, Any]]:
        """Complete the payload of one root field of a mutation. Root fields run serially, and so do their attempts."""
        self._is_attempt = True
        errors_before = self.collected_errors
        self.collected_errors = CollectedErrors()
        result: Any = None
        try:
            result = self.complete_object_value(*arguments)
        except Exception:  # graphql-core meets the same error and reports it
            self._attempt_failed = True
        if self.is_awaitable(result):
            return self._await_payload(result, errors_before, arguments)
        if self._end_payload(errors_before):
            return cast("dict[str, Any]", result)
        return super().complete_object_value(*arguments)

    def _end_payload(self, errors_before: CollectedErrors) -> bool:
        """End the attempt of a payload, and keep its errors if it has succeeded. Return whether it has."""
        errors, self.collected_errors = self.collected_errors.errors, errors_before
        if self._end_attempt():
            self.on_fallback(self.context_value)
            return False
        errors_before.errors.extend(errors)
        return True

    async def _await_payload(
        self, attempt: Awaitable[dict[str, Any]], errors_before: CollectedErrors, arguments: tuple[Any, ...]
    ) -> dict[str, Any]:
        result: Any = None
        try:
            result = await attempt
        except Exception:  # graphql-core meets the same error and reports it
            self._attempt_failed = True
        if not self._end_payload(errors_before):
            result = super().complete_object_value(*arguments)
            if self.is_awaitable(result):
                result = await result
        return cast("dict[str, Any]", result)

    def _create_finder(self) -> RegionFinder | None:
        """Return the finder of regions to attempt; None if graphql-core must execute everything."""
        if not self._compiled or self.operation.operation is OperationType.SUBSCRIPTION:
            return None
        if self._has_field_options() or not _in_event_loop():
            return None
        plan = self.plan_cache.get_plan(
            self.schema, self.operation, self.fragment_definitions, self.variable_values.coerced
        )
        if plan is None:
            return None
        finder = RegionFinder(self, plan, type(self).encode)
        if finder.prepare():
            return finder
        self.on_fallback(self.context_value)
        return None

    def _has_field_options(self) -> bool:
        """Return whether an option can observe or change the execution of a single field."""
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
