"""An exam's tables as files: a workbook, CSV in a ZIP, or CSV in a folder. All of these block."""

import json
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from teleosce.core.errors import Invalid, Unavailable
from teleosce.core.spreadsheet import Sheet, write_csv, write_xlsx
from teleosce.reports.exports.table import Table

SUFFIXES = (".xlsx", ".zip")


def write_tables(tables: Sequence[Table], target: Path) -> None:
    """Writes to a new file, .xlsx or .zip, or into a new folder of any other name, whole or not at all.

    Raises Invalid when there is something already, Unavailable when the disk does not let it.
    """
    part = new_part(target)
    try:
        if target.suffix == ".xlsx":
            write_xlsx(part, (Sheet(one.name, one.head, one.rows) for one in tables))
        elif target.suffix == ".zip":
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for one in tables:
                    with archive.open(f"{one.name}.csv", "w") as file:
                        write_csv(file, one.head, one.rows)
        else:
            part.mkdir(mode=0o700)
            for one in tables:
                with (part / f"{one.name}.csv").open("wb") as file:
                    write_csv(file, one.head, one.rows)
        finish(part, target)
    except OSError as error:
        raise no_room(target, error) from error
    except BaseException:
        remove(part)
        raise


def write_lines(target: Path, rows: Iterable[Any]) -> int:
    """JSON lines into a new file, whole or not at all; returns how many. Raises as `write_tables`."""
    part, many = new_part(target), 0
    try:
        with part.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                many += 1
        finish(part, target)
    except OSError as error:
        raise no_room(target, error) from error
    except BaseException:
        remove(part)
        raise
    return many


def new_part(target: Path) -> Path:
    """The passing name under which something is written until it is whole. Raises Invalid when `target` is there."""
    if target.exists() and (target.is_file() or any(target.iterdir())):
        raise Invalid(f"{target} is there already. Nothing was written: choose a new name.")
    if not target.absolute().parent.is_dir():
        raise Invalid(f"There is no folder {target.absolute().parent}. Nothing was written.")
    part = target.with_name(f".{target.name}.part")
    remove(part)
    return part


def finish(part: Path, target: Path) -> None:
    """Gives it the name that it is to have."""
    if part.is_dir() and target.is_dir():
        target.rmdir()  # it is empty
    part.replace(target)


def remove(path: Path) -> None:
    """Takes away a file or folder that is not whole."""
    if path.is_dir():
        for one in sorted(path.rglob("*"), reverse=True):
            one.rmdir() if one.is_dir() else one.unlink()
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def no_room(target: Path, error: OSError) -> Unavailable:
    """What is said when the disk does not let it."""
    remove(target.with_name(f".{target.name}.part"))
    return Unavailable(
        f"{target} could not be written ({error.strerror or error}). Nothing is left of it: see to the cause."
    )
