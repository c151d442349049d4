"""The functional core: facts in, decisions out. Standard library only."""
