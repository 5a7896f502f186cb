"""The dashboard: a Textual client of the engine. It forks nothing and runs no user code."""
