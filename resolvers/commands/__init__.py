"""The commands that change data, one module per entity. Each one loads, decides and stores in one transaction."""
