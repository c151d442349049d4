"""What clients see: types, inputs, payloads, root fields and the permission directive."""

# First of all: a type that names an enumeration before it is declared would make its own of it, without descriptions.
from schema import enums as enums
