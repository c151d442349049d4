"""The installed form of the project: all of its packages inside one folder.

The project's top-level names (`schema`, `server`, ...) are common ones. A wheel that installed them side by side would
overwrite, or be overwritten by, any distribution that uses the same name.
"""
