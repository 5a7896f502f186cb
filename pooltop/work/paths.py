"""A path that a person has written, as a place on this machine."""

from pathlib import Path

from pooltop.errors import WorkloadError


def path_of(given: str, directory: Path) -> Path:
    """Where it points to, seen from `directory`. Raises WorkloadError for what can be no path, or not be looked at."""
    try:
        path = directory / Path(given).expanduser()
        path.exists()
    except RuntimeError:
        raise WorkloadError(f"{given}: there is no such home folder") from None
    except ValueError:
        raise WorkloadError(f"{given}: no path can have such a character") from None
    except OSError as error:
        raise WorkloadError(f"{given}: {error.strerror}") from None
    return path
