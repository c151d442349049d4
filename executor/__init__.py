"""A compiled executor for Strawberry: the responses of graphql-core, in less time.

The package knows nothing of group sessions and imports nothing else of the project. README.md explains how it works.

| module | what it holds |
|---|---|
| extensions | declarations of fields, types and scalars: `Batch`, `ContextOnly`, `Guard`, `InstanceOf`, ... |
| rows | the protocol of a list of rows with a layout |
| fields | which fields of a Strawberry schema can be compiled, and as what |
| plan | a selection and everything below it, as such fields |
| selected | which attributes a selection reads |
| leaves | the code that completes a scalar or an enum value |
| namespace | the names that generated code refers to |
| compiler | the source of the functions that read a selection |
| region | a compiled part of an operation, and its batches |
| region_cache | the compiled parts of one operation |
| cache | compiled operations, and the coerced variables of repeated requests |
| batches | completing a region: read, then fill in batches level by level |
| bailout | why compiled code stops: `Bailout`, `NotCompiled` |
| executor | the executor: when to use compiled code, and how to fall back |
| fast_path | `execute`, with a fast path for repeated queries |
"""

from executor.executor import CompiledExecutor
from executor.extensions import (
    Batch,
    ContextOnly,
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
    "Guard",
    "InstanceOf",
    "Lookahead",
    "LookaheadField",
    "SelectedAttributes",
    "execute",
    "serialized_by",
    "serialized_by_encoder",
]
