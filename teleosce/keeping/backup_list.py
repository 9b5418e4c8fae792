"""What a backup holds: a list of files with their hashes, which binds the contents that lie beside it.

```
<backup>/backup.json       the list, written last: without it, or with the older one, the backup is not finished
<backup>/unfinished.jsonl  what the backup under way has copied so far
<backup>/files/<hash>      each content once, under its SHA-256
```
"""

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from teleosce.core.blobs import write_durably
from teleosce.core.errors import Invalid, NotFound

LIST = "backup.json"
JOURNAL = "unfinished.jsonl"
FILES = "files"
RESTORING = ".restoring"
"""A data folder with this file in it is being restored: no server may use it yet."""


class Copied(BaseModel):
    """One file of the data folder. `path` as seen from there, POSIX; `changed_ns` its time of change.

    growing: it was being recorded; this is what there was of it. lost: it is no longer in the data folder, and nobody
    deleted it on purpose: the backup keeps it.
    """

    model_config = ConfigDict(frozen=True)
    path: str
    size: int
    changed_ns: int
    sha256: str
    growing: bool = False
    lost: bool = False


class Backup(BaseModel):
    """A finished backup. `database`: `sqlite` when it is in it, `postgresql` when the school copies it itself.

    faults: sentences on what was not right in the data folder when it was copied. digest: the SHA-256 of the list;
    written down elsewhere, it proves that nobody has changed the backup since.
    """

    model_config = ConfigDict(frozen=True)
    version: int = 1
    teleosce: str
    made_ms: int
    database: str
    files: list[Copied]
    faults: list[str]
    digest: str = ""

    def sealed(self) -> "Backup":
        """The same, with its digest."""
        content = self.model_dump(exclude={"digest"})
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return self.model_copy(update={"digest": hashlib.sha256(text.encode()).hexdigest()})


def write_list(folder: Path, backup: Backup) -> None:
    """Finishes a backup. Blocks."""
    write_durably(folder / LIST, backup.model_dump_json(indent=1).encode())
    (folder / JOURNAL).unlink(missing_ok=True)


_ELSEWHERE = "Use another copy of the backup."


def read_list(folder: Path) -> Backup:
    """The finished backup of a folder. Raises NotFound when there is none, Invalid when it was changed. Blocks."""
    path = folder / LIST
    if not path.is_file():
        raise NotFound(_why_none(folder))
    try:
        backup = Backup.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise Invalid(f"{path} is damaged or cut short, so nothing was restored. {_ELSEWHERE}") from error
    if backup.sealed().digest != backup.digest:
        raise Invalid(f"{path} was changed after it was written, so nothing was restored. {_ELSEWHERE}")
    return backup


def _why_none(folder: Path) -> str:
    if not folder.is_dir():
        return f"There is no folder {folder}."
    if (folder / JOURNAL).is_file():
        return f"The backup in {folder} is not finished. Run `teleosce backup {folder}` again: it goes on where it was."
    return f"There is no backup in {folder}: a backup has a file {LIST}."
