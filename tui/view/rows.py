"""Which rows of a table are in sight."""


def scrolled(top: int, chosen: int, shown: int, count: int) -> int:
    """The first row in sight, moved from `top` as little as it takes to have row `chosen` in sight."""
    top = min(max(top, chosen - shown + 1), chosen)
    return max(min(top, count - shown), 0)
