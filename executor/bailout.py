"""The exceptions with which compiled code leaves an operation to graphql-core. Clients never see them."""


class NotCompiled(Exception):
    """A selection cannot be compiled. Raised before anything is executed."""


class Bailout(Exception):
    """Compiled code met a value that it does not complete. graphql-core then executes the operation and reports it."""
