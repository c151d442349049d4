"""The patients, staff and locations of registries: comparing imported records with stored ones, and storing them."""
