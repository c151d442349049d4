"""The installed form of the project: all of its packages inside one folder.

The project's top-level names (`schema`, `server`, ...) are common. If a wheel installed them side by side, it could
overwrite another distribution with the same names, or be overwritten by it.
"""
