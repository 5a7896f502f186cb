"""What the dashboard itself costs."""

import time

SPAN = 2.0


class OwnCost:
    """The CPU time of this process, all its threads, as a percentage of one core over the last seconds."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._spent = time.process_time()
        self.percent: float | None = None

    def measure(self) -> float | None:
        """The percentage over the last complete span of two seconds; None before the first."""
        now, spent = time.monotonic(), time.process_time()
        if now - self._since >= SPAN:
            self.percent = 100 * (spent - self._spent) / (now - self._since)
            self._since, self._spent = now, spent
        return self.percent
