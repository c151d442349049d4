"""The invariants of the stored data, and the checks that find violations of them."""
