"""The rules of the pool, pure: no I/O, clock, processes or asyncio."""
