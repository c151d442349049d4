"""The console script: arguments, commands, and messages to the operator."""
