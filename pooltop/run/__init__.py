"""The run: what the supervisor's process does."""
