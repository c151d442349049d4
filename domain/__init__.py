"""The functional core: facts in, decisions out. Standard library and python-dateutil only."""
