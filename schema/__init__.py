"""What clients see: types, inputs, payloads, root fields and the permission directive."""
