"""How many workers a run has, pure."""

from pooltop.errors import WorkloadError
from pooltop.figures import plural
from pooltop.model import RunSpec
from pooltop.wire.slots import MOST_WORKERS


def workers_for(spec: RunSpec, together: int, total: int | None, cpus: int) -> int:
    """The number of workers: what the person says, else as many as are of use.

    together: how many items must run at the same time. total: how many items there are, None where nobody knows.
    Raises WorkloadError where the person's are too few, or asks for a baseline that cannot be.
    """
    if together > MOST_WORKERS:
        raise WorkloadError(f"{spec.workload}: {together} items must run together; a pool has at most {MOST_WORKERS}")
    if spec.workers is not None and spec.workers < together:
        few = f"{plural(spec.workers, 'worker')} {'is' if spec.workers == 1 else 'are'} too few"
        raise WorkloadError(f"{spec.workload}: {together} items must run together, so {few}: -j {together}")
    if together > 1 and spec.baseline == "full":
        raise WorkloadError(
            f"{spec.workload}: {together} items must run together, so there is no baseline in one process"
        )
    wanted = cpus if total is None else min(cpus, max(1, total))
    return spec.workers or max(together, wanted)
