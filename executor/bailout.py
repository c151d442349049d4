"""Why compiled code leaves something to graphql-core. Clients see neither of these."""


class NotCompiled(Exception):
    """What can only be executed by graphql-core itself, told before anything runs."""


class Bailout(Exception):
    """What is not as it should be, found by compiled code on its way. graphql-core then says what is wrong with it."""
