"""What clients see: types, inputs, payloads, root fields and the permission directive."""

# Must come first: a type that uses an enumeration before it is declared would declare it again, without descriptions.
from schema import enums as enums
