"""All that there is to run, under its headings: pooltop's own gallery, what installed distributions add, the functions
of files, and those that ran lately. Nothing of it is imported."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

from pooltop import runs
from pooltop.errors import WorkloadError
from pooltop.run.journal import JournalError, JournalReader
from pooltop.runs import Run
from pooltop.work.describe import Description, describe_target
from pooltop.work.installed import Installed
from pooltop.work.installed import installed as entry_points
from pooltop.work.locate import (
    Target,
    gallery_target,
    gallery_targets,
    installed_target,
    locate,
    source_file,
    targets_in,
)

_SECTIONS = ("First steps", "Sharing", "Real work", "Measuring")
"""The headings of pooltop's own gallery, as the tutorial goes."""

_LATELY = 8
_NEWEST_RUNS = 50
"""Of a person who has thousands, no more are looked at."""


def gallery(directory: Path, functions: Sequence[Description] = ()) -> list[Description]:
    """Everything, seen from `directory`, by heading; `functions` are those of files that the person has named."""
    return [*pooltops_own(), *installed(), *functions, *islice(ran_lately(directory, besides=functions), _LATELY)]


def pooltops_own() -> list[Description]:
    """The workloads that come with pooltop."""
    return sorted(map(describe_target, gallery_targets()), key=lambda entry: (_place(entry.section), entry.workload))


def installed() -> list[Description]:
    """The workloads of installed distributions; of one that cannot be used, why not in place of its summary."""
    return [_of_distribution(entry) for name, entry in sorted(entry_points().items()) if gallery_target(name) is None]


def in_file(place: str, directory: Path) -> list[Description]:
    """The functions of a Python file: those declared workloads, else its public ones.

    Raises WorkloadError where the file is not there, is no Python, or has none.
    """
    return [_listed(target, f"From {place}") for target in targets_in(place, directory)]


def ran_lately(directory: Path, besides: Iterable[Description] = ()) -> Iterator[Description]:
    """The person's own functions that have run and are still there, each once, the one that ran last first.

    Those in `besides` are left out.
    """
    seen = set(map(_identity, besides))
    for workload, there in dict.fromkeys(filter(None, map(_own_function, runs.all_runs()[:_NEWEST_RUNS]))):
        with suppress(WorkloadError):
            entry = _listed(_from_here(workload, Path(there), directory), "Lately")
            if _identity(entry) not in seen:
                seen.add(_identity(entry))
                yield entry


def _place(section: str) -> tuple[int, str]:
    return (_SECTIONS.index(section) if section in _SECTIONS else len(_SECTIONS), section)


def _of_distribution(entry: Installed) -> Description:
    heading = "Installed"
    try:
        return _listed(installed_target(entry), heading)
    except WorkloadError as error:
        return Description(
            workload=entry.name,
            title=entry.name,
            section=heading,
            distribution=entry.distribution,
            summary=f"cannot be used: {error}",
        )


def _listed(target: Target, heading: str) -> Description:
    """The description under a heading; without a title it goes by the function's bare name."""
    found = describe_target(target)
    title = found.title if found.title != found.workload else found.workload.rpartition(":")[2]
    return msgspec.structs.replace(found, section=heading, title=title)


def _identity(entry: Description) -> tuple[str | None, str]:
    return entry.path, entry.workload.rpartition(":")[2]


def _own_function(run: Run) -> tuple[str, str] | None:
    """What a run ran, as the person named it, and its working directory; None for the gallery's, and a damaged run."""
    with suppress(JournalError, msgspec.MsgspecError), JournalReader(run.journal) as journal:
        spec = journal.spec()
        return (spec.workload, spec.directory) if ":" in spec.workload else None
    return None


def _from_here(workload: str, there: Path, directory: Path) -> Target:
    """What `workload` was `there`, named so that it is the same here; WorkloadError where nothing can name it."""
    ran = locate(workload, there)
    if ran.file is not None and there != directory:
        return locate(f"{_path_from(directory, Path(ran.file))}:{ran.attribute}", directory)
    found = locate(workload, directory)
    if source_file(found) != source_file(ran):
        raise WorkloadError(f"{workload} is something else in {directory}")
    return found


def _path_from(directory: Path, file: Path) -> Path:
    """As short as it can be."""
    folder = directory.resolve()
    return file.relative_to(folder) if file.is_relative_to(folder) else file
