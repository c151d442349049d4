"""A compiled executor for Strawberry. It returns the responses of graphql-core in less time.

The package imports nothing else of the project. README.md explains how it works and how to use it.

| module | contents |
|---|---|
| extensions | declarations of fields, types and scalars: `Batch`, `ContextOnly`, `Guard`, `InstanceOf`, ... |
| rows | the protocol of a list of rows with a layout |
| fields | the kinds of Strawberry fields that can be compiled |
| selection | a selection with everything below it, as such fields |
| selected_attributes | the attributes that a selection reads |
| namespace | the objects that generated code refers to |
| leaves | code that completes scalars and enum values |
| accepted_classes | the classes of objects that a selection accepts |
| access | code that reads objects and rows |
| compiler | code that completes a selection |
| region | a compiled part of an operation, with its batch fields |
| plan_cache | the compiled regions of operations, and coercing the variables of repeated requests |
| region_finder | the regions of an operation that is being executed |
| failures | the marker of a value that failed |
| execution_context | one execution of a region |
| arguments | the arguments of compiled fields, and the lookahead |
| recovery | completing values one by one after one of them has failed |
| batches | completing a region and its batch fields |
| located_errors | the errors of a response, and their order |
| bailout | the exceptions with which compiled code leaves an operation to graphql-core |
| attempts | completing a query, an object or a list by its region, with its errors |
| executor | the executor: attempts compiled code and falls back |
| fast_path | `execute`, with a fast path for repeated queries |
"""

from executor.executor import CompiledExecutor
from executor.extensions import (
    Batch,
    ContextOnly,
    FromAttribute,
    Guard,
    InstanceOf,
    Lookahead,
    LookaheadField,
    serialized_by,
    serialized_by_encoder,
)
from executor.fast_path import execute
from executor.selected_attributes import SelectedAttributes

__all__ = [
    "Batch",
    "CompiledExecutor",
    "ContextOnly",
    "FromAttribute",
    "Guard",
    "InstanceOf",
    "Lookahead",
    "LookaheadField",
    "SelectedAttributes",
    "execute",
    "serialized_by",
    "serialized_by_encoder",
]
