"""The same faults for pooltop and other pools: python -m bench.faults [POOL ...]        (make faults)

Every pool runs 200 items of 20 ms on 4 workers, each trial in a process of its own, while one thing goes wrong. Prints
Markdown: what became of the items, in short and in full. What is not installed is left out, and said to be.
"""

import sys
import tempfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.faults_kinds import FAULTS, Fault
from bench.faults_tables import Outcomes, page
from bench.faults_trial import Report, Trial
from bench.pools import ITEMS, TIMEOUT_SECONDS, WORKERS
from bench.program import POOLTOP

ITEM_FILE = Path(__file__).with_name("pools") / "items.py"
POOLS = {
    "pooltop": "",  # is a program
    "multiprocessing.Pool": "bench.pools.callbacks:standard_pool",
    "ProcessPoolExecutor": "bench.pools.futures:standard_executor",
    "mpire": "bench.pools.callbacks:mpire_pool",
    "pebble": "bench.pools.futures:pebble_pool",
    "loky": "bench.pools.futures:loky_executor",
    "joblib": "bench.pools.generators:joblib_parallel",
    "billiard": "bench.pools.callbacks:billiard_pool",
    "dask": "bench.pools.futures:dask_cluster",
}
DISTRIBUTIONS = ("pooltop", "mpire", "pebble", "loky", "joblib", "billiard", "dask")


def command(pool: str, fault: Fault, folder: Path) -> list[str]:
    """The program of a trial."""
    limit = ["--timeout", str(TIMEOUT_SECONDS)] if fault.function == "never_returns" else []
    if pool == "pooltop":
        items = f"{ITEM_FILE}:with_a_rest" if fault.rest else f"range:{ITEMS}"
        work = [f"{ITEM_FILE}:{fault.function}", "--items", items, "-j", str(WORKERS), *limit]
        return [POOLTOP, "run", *work, "--headless", "--json", str(folder / "summary")]
    rest = ["--rest"] if fault.rest else []
    return [sys.executable, "-m", "bench.pools.trial", POOLS[pool], fault.function, *limit, *rest]


def trials(pool: str, fault: Fault) -> list[Report]:
    """What each trial of a fault came to."""
    reports = []
    for do in fault.doings:
        with tempfile.TemporaryDirectory(prefix="faults-", dir="/tmp") as folder:
            trial = Trial(command(pool, fault, Path(folder)), Path(folder), fault.culprit)
            try:
                do(trial)
            finally:
                reports.append(trial.report())
    return reports


def installed(pools: list[str]) -> list[str]:
    """Those of the pools that are here."""
    here = []
    for pool in pools:
        with suppress(PackageNotFoundError):
            if pool in DISTRIBUTIONS:
                version(pool)
            here.append(pool)
    return here


def main() -> None:
    """All faults for the pools that are named, or for all."""
    wanted = sys.argv[1:] or list(POOLS)
    if unknown := set(wanted) - set(POOLS):
        sys.exit(f"no such pool: {', '.join(sorted(unknown))}; there are {', '.join(POOLS)}")
    pools = installed(wanted)
    outcomes: Outcomes = {}
    for fault in FAULTS:
        for pool in pools:
            print(f"{fault.name}: {pool}", file=sys.stderr, flush=True)
            outcomes[fault.name, pool] = trials(pool, fault)
    versions = ", ".join(f"{pool} {version(pool)}" for pool in pools if pool in DISTRIBUTIONS)
    print(*page(versions, sorted(set(wanted) - set(pools)), pools, outcomes), sep="\n")


if __name__ == "__main__":
    main()
