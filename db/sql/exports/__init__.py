"""What the exports and the views of the schema `reporting` contain: one declaration for each kind of row."""
