"""Workloads that installed distributions add: their entry points in the group `pooltop.workloads`."""

import msgspec

GROUP = "pooltop.workloads"


class Installed(msgspec.Struct, frozen=True):
    """An entry point, as its distribution declares it; nothing says that it leads anywhere."""

    name: str
    place: str
    """`module:function`."""
    distribution: str


def installed() -> dict[str, Installed]:
    """Every workload of an installed distribution by its name; of two with one name the one that Python finds first.

    A name with a colon is left out: no word of a person could mean it.
    """
    from importlib.metadata import entry_points  # which takes as long as ten forks, and no worker needs it

    found: dict[str, Installed] = {}
    for point in entry_points(group=GROUP):
        if ":" not in point.name:
            distribution = point.dist.name if point.dist else ""
            place = point.value.partition("[")[0].strip()  # behind it stand extras
            found.setdefault(point.name, Installed(point.name, place, distribution))
    return found
