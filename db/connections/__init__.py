"""Connections to both databases: drivers, pools, roles, and the kinds of fault they raise."""
