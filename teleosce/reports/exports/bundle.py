"""A bundle: files with a signed list of them, as a ZIP or a folder. openssl and sha256sum can verify it too.

```
<anything>            the content
README.txt            what this is, and how to verify it
public-key.pem        the key that signed it
manifest.json         every file but these two with its size and SHA-256, what the bundle is about, and the key
manifest.sig          the Ed25519 signature over the bytes of manifest.json, 64 bytes
```
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

from teleosce import __version__
from teleosce.core.signing import SigningKey
from teleosce.reports.exports.write import finish, new_part, no_room, remove

MANIFEST, SIGNATURE, KEY, README = "manifest.json", "manifest.sig", "public-key.pem", "README.txt"
FORMAT = "teleosce-bundle/1"
_AT_ONCE = 50
"""Lines that are compressed in one piece."""

Writer = Callable[[IO[bytes]], None]


class _Counted(io.BufferedIOBase):
    """Passes on what is written, and knows its size and hash."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner, self.digest, self.size = inner, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.digest.update(content)
        self.size += len(content)
        self._inner.write(content)
        return len(content)


class Bundle:
    """What is being written. All of it blocks."""

    def __init__(self, opened: Callable[[str], IO[bytes]]) -> None:
        self._opened = opened
        self._files: list[dict[str, Any]] = []

    @property
    def names(self) -> list[str]:
        """What is in it so far."""
        return [str(one["path"]) for one in self._files]

    def add(self, path: str, write: Writer) -> None:
        """A file whose content `write` writes. path: POSIX, within the bundle."""
        with self._opened(path) as file:
            counted = _Counted(file)
            write(counted)  # type: ignore[arg-type]
            self._files.append({"path": path, "size": counted.size, "sha256": counted.digest.hexdigest()})

    def text(self, path: str, content: str) -> None:
        """A file of text."""
        self.add(path, lambda file: _write(file, content.encode()))

    def json(self, path: str, content: Any) -> None:
        """A file of JSON."""
        self.text(path, json.dumps(content, ensure_ascii=False, indent=1, default=plain) + "\n")

    def lines(self, path: str, rows: Iterator[Any]) -> None:
        """A file of JSON lines."""

        def write(file: IO[bytes]) -> None:
            encoder = json.JSONEncoder(ensure_ascii=False, default=plain)
            while some := list(islice(rows, _AT_ONCE)):
                file.write("".join(f"{encoder.encode(row)}\n" for row in some).encode())

        self.add(path, write)

    def copy(self, path: str, source: Path) -> None:
        """A copy of a file."""

        def write(file: IO[bytes]) -> None:
            with source.open("rb") as content:
                while piece := content.read(1 << 20):
                    file.write(piece)

        self.add(path, write)

    def seal(self, about: Mapping[str, Any], key: SigningKey, made_ms: int, said: str) -> None:
        """Lists all files and signs the list. about: what the bundle holds. said: the same in words."""
        public = key.public
        self.text(README, _readme(said, public.thumbprint))
        self.text(KEY, public.pem)
        manifest = {
            "format": FORMAT,
            "teleosce": __version__,
            "made_ms": made_ms,
            "about": about,
            "key": {**public.jwk, "kid": public.thumbprint},
            "files": sorted(self._files, key=lambda one: str(one["path"])),
        }
        content = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
        for path, part in ((MANIFEST, content), (SIGNATURE, key.sign(content))):
            with self._opened(path) as file:
                file.write(part)


@contextmanager
def new_bundle(target: Path) -> Iterator[Bundle]:
    """A new .zip, or a new folder of any other name; it is there whole, or not at all. Blocks.

    Raises Invalid when there is something already, Unavailable when the disk does not let it.
    """
    part = new_part(target)
    try:
        if target.suffix == ".zip":
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                yield Bundle(lambda path: _in_archive(archive, path))
        else:
            part.mkdir(mode=0o700)
            yield Bundle(lambda path: _in_folder(part, path))
        finish(part, target)
    except OSError as error:
        raise no_room(target, error) from error
    except BaseException:
        remove(part)
        raise


def _in_archive(archive: zipfile.ZipFile, path: str) -> IO[bytes]:
    entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
    # Recordings are compressed already.
    entry.compress_type = zipfile.ZIP_STORED if path.endswith((".webm", ".jpg", ".sig")) else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return archive.open(entry, "w", force_zip64=True)


def _in_folder(folder: Path, path: str) -> IO[bytes]:
    file = folder / path
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return file.open("xb")


def _write(file: IO[bytes], content: bytes) -> None:
    file.write(content)


def _readme(said: str, thumbprint: str) -> str:
    return f"""{said}

How to verify it
----------------
With teleosce (the data folder is not needed):

    teleosce verify THIS-FILE-OR-FOLDER --key KEY

KEY is the school's public key: ask the school, or take it from https://<the school's address>/.well-known/jwks.json.
The key that signed this has the thumbprint (RFC 7638)

    {thumbprint}

Without teleosce, in the folder of these files:

    openssl pkeyutl -verify -pubin -inkey {KEY} -rawin -in {MANIFEST} -sigfile {SIGNATURE}

says whether {MANIFEST} is what was signed; it lists every other file with its SHA-256 (sha256sum FILE).
"""


def plain(content: Any) -> Any:
    """What JSON does not know: models, dataclasses and mappings of ours."""
    if hasattr(content, "model_dump"):
        return content.model_dump(mode="json")
    if isinstance(content, Mapping):
        return dict(content)
    return {name: getattr(content, name) for name in content.__dataclass_fields__}
