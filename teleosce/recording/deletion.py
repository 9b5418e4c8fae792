"""What goes, and what says that it went. All calls block."""

from pathlib import Path

from teleosce.recording import folders
from teleosce.recording.models import POSTER, outcome_name, take_of


def is_growing(path: Path) -> bool:
    """Whether a file of an encounter's folder belongs to a take that is being recorded, or waits to be sealed."""
    of_take = path.name.endswith((".raw.webm", ".jsonl"))
    return of_take and not (path.parent / outcome_name(take_of(path.name))).is_file()


def deleted_files(folder: Path) -> set[str]:
    """The names of files that once lay in an encounter's folder and were deleted on purpose."""
    takes = folders.outcomes(folder).values()
    return {POSTER, *(gone.file for take in takes if take for gone in take.gone)}
