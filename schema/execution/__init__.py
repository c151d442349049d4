"""An executor over graphql-core's that executes queries by compiled code, and says what graphql-core says.

graphql-core completes a response field by field: for each it makes a path and an info object, calls a resolver and
asks whether the result can be awaited. For a list of a thousand objects it does so thousands of times with the same
outcome. Here what a selection needs is worked out once for an operation and kept:

- A field that is an attribute of its parent is read by a generated function, one for each selection
  (`compile`), without path, info or resolver.
- A field that needs data, and is marked with how to get it for many parents (`marks.Batch`), is resolved once for all
  parents of its level.
- A list that comes as rows with a layout (`rows`) is read by column, without making an object of each row. Where a
  column holds the text that a scalar would write of its values, it goes into the answer as it is.
- Lists in the values of a batch are written as JSON as soon as they are whole, where the executor knows how (`write`).
- A query that is compiled as a whole, from its root, is not walked by graphql-core at all, and when it comes again
  (`execute`) no executor is made for it.
- A field of the query may be told what is asked below it, and bring it along (`Batch(foresees=True)`, `marks.Below`).
- A check that depends on the request alone (`marks.Guard`) is made once for a request.
- Everything else goes through graphql-core, as ever.

The compiled code never makes an error. It knows how to complete what is well, and gives up on whatever is not: an
exception, a null where none may be, a value of another class. Then graphql-core runs the operation from its start as if
nothing had been tried (of a mutation: the answer of the field that was run, never the field). So every answer with
errors is graphql-core's own work, with its messages, paths, order and propagation of null, and answers without
errors are the same by construction of the code for each type. `tests/schema/execution` compares the two.

How it is put together:

| module | what it knows |
|---|---|
| marks | what a field is: `Batch`, `ContextOnly`, `Guard`, `InstanceOf`, `writes`, `encoded`; what is below: `Below` |
| rows | what a list of rows with a layout looks like |
| fields | a field of a Strawberry schema as one of the few kinds that can be compiled |
| plan | a selection with all below it, as these kinds |
| selected | which attributes a selection looks at |
| leaves | the code that completes a scalar or an enum value |
| names | the namespace of generated code |
| compile | the source of the functions that read a selection |
| region | a compiled part of an operation, and its batches |
| regions | the compiled parts of an operation that is being executed |
| cache | what is compiled, by operation; the variables of one that comes again |
| fill | completing by a region: reading, then filling in batches level by level |
| errors | giving up, and what is not compiled at all |
| run | the executor: when to try, and what happens when an attempt fails |
| entry | `execute`, and the shorter way of a query that comes again |
"""

from schema.execution.entry import execute
from schema.execution.marks import Asked, Batch, Below, ContextOnly, Guard, InstanceOf, encoded, writes
from schema.execution.run import CompiledExecutor
from schema.execution.selected import Selected

__all__ = [
    "Asked",
    "Batch",
    "Below",
    "CompiledExecutor",
    "ContextOnly",
    "Guard",
    "InstanceOf",
    "Selected",
    "encoded",
    "execute",
    "writes",
]
