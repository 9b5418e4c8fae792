"""Whether a bundle is what was signed. Needs the bundle alone, and for certainty about who signed it, their key."""

import hashlib
import json
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from teleosce.core.errors import Invalid, NotFound
from teleosce.core.signing import PublicKey, public_key, read_public_key
from teleosce.reports.exports.bundle import FORMAT, MANIFEST, SIGNATURE

_PIECE = 1 << 20
_LARGEST_LIST = 64 << 20


@dataclass(frozen=True)
class Verified:
    """What a look at a bundle found. faults: a sentence for each; none when it is what was signed.

    files: how many are listed. signer: the thumbprint of the key that signed it, by the bundle's own word.
    """

    about: Mapping[str, Any]
    made_ms: int
    signer: str
    files: int
    faults: Sequence[str]


class _Unreadable(Exception):
    """What is there under a name cannot be read."""


class _Content:
    """The files of a bundle by name; those that are there twice or are no plain files are told apart."""

    def __init__(self, names: Sequence[str], odd: Mapping[str, str], opened: Callable[[str], IO[bytes]]) -> None:
        self.names, self.odd, self._opened = names, odd, opened

    def pieces(self, name: str, most: int) -> Iterator[bytes]:
        """A file from its beginning, so many bytes of it at most. Raises _Unreadable."""
        try:
            with self._opened(name) as file:
                while piece := file.read(min(_PIECE, most)):
                    most -= len(piece)
                    yield piece
        except Exception as error:
            # A damaged archive makes each of its decoders raise what it likes.
            raise _Unreadable from error

    def head(self, name: str, most: int) -> bytes:
        """The same in one."""
        return b"".join(self.pieces(name, most))


def verify_bundle(path: Path, keys: Sequence[PublicKey] | None = None, thumbprint: str | None = None) -> Verified:
    """Reads all of a bundle, a ZIP or a folder. keys, thumbprint: of whom it must be signed; anybody, when neither.

    Raises NotFound, or Invalid when it is no bundle. Blocks.
    """
    with _opened(path) as content:
        manifest, faults = _manifest(path, content, keys, thumbprint)
        listed = {str(one["path"]): one for one in manifest["files"]}
        faults += [f"{name}: {why}" for name, why in content.odd.items()]
        there = set(content.names)
        faults += [f"{name}: missing." for name in sorted(set(listed) - there - set(content.odd))]
        added = there - set(listed) - {MANIFEST, SIGNATURE} - set(content.odd)
        faults += [f"{name}: added; nobody signed it." for name in sorted(added)]
        for name in sorted(there & set(listed) - set(content.odd)):
            if why := _altered(content, name, listed[name]):
                faults.append(f"{name}: {why}")
    return Verified(manifest.get("about", {}), manifest.get("made_ms", 0), manifest["key"]["kid"], len(listed), faults)


def keys_of(said: str) -> tuple[list[PublicKey] | None, str | None]:
    """What `--key` means: the keys in a file (PEM, JWK, a set of them), or a thumbprint. Raises Invalid."""
    path = Path(said)
    if path.is_file():
        return read_public_key(path.read_text(errors="replace")), None
    if len(said) == 43:
        return None, said
    raise Invalid(f"“{said}” is no file with a public key, and no thumbprint (43 letters and digits).")


def _manifest(
    path: Path, content: _Content, keys: Sequence[PublicKey] | None, thumbprint: str | None
) -> tuple[dict[str, Any], list[str]]:
    if MANIFEST not in content.names:
        raise Invalid(f"{path} is no bundle of teleosce: it has no {MANIFEST}.")
    try:
        raw = content.head(MANIFEST, _LARGEST_LIST)
        manifest = json.loads(raw)
        signer = public_key(manifest["key"])
        if manifest["format"] != FORMAT or not all({"path", "size", "sha256"} <= set(one) for one in manifest["files"]):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, Invalid, _Unreadable) as error:
        raise Invalid(f"{path}: {MANIFEST} cannot be read, so nothing can be verified.") from error
    if not all(_is_count(one["size"]) for one in manifest["files"]) or not _is_count(manifest.get("made_ms", 0)):
        raise Invalid(f"{path}: {MANIFEST} is damaged, as it lists what is no number, so nothing can be verified.")
    manifest["key"]["kid"] = signer.thumbprint
    faults = []
    try:
        signature = content.head(SIGNATURE, 1024)
    except _Unreadable:
        faults.append(f"{SIGNATURE}: missing; without it nothing here is signed.")
    else:
        if not signer.verifies(signature, raw):
            faults.append(f"{MANIFEST}: altered, or not signed by its key. What it says of the files is not signed.")
    known = {one.thumbprint for one in keys} if keys is not None else {thumbprint} if thumbprint else None
    if known is not None and signer.thumbprint not in known:
        faults.insert(0, f"Signed with another key: {signer.thumbprint}, and not with the one that you named.")
    return manifest, faults


def _is_count(said: object) -> bool:
    return isinstance(said, int) and not isinstance(said, bool) and said >= 0


def _altered(content: _Content, name: str, listed: Mapping[str, Any]) -> str | None:
    digest, size = hashlib.sha256(), 0
    try:
        # One byte more than is listed tells that it is longer; what unpacks to terabytes is not read.
        for piece in content.pieces(name, listed["size"] + 1):
            digest.update(piece)
            size += len(piece)
    except _Unreadable:
        return "altered: it cannot be read."
    if size != listed["size"]:
        return f"altered: {'longer' if size > listed['size'] else 'shorter'} than the {listed['size']} bytes signed."
    return None if digest.hexdigest() == listed["sha256"] else "altered."


@contextmanager
def _opened(path: Path) -> Iterator[_Content]:
    if path.is_dir():
        found = [one for one in path.rglob("*") if one.is_symlink() or not one.is_dir()]
        names = {one.relative_to(path).as_posix(): one for one in found}
        odd = {
            name: "a link or no plain file; nobody signed it."
            for name, one in names.items()
            if not stat.S_ISREG(one.lstat().st_mode)
        }

        def opened(name: str) -> IO[bytes]:
            return names[name].open("rb")

        yield _Content([name for name in names if name not in odd], odd, opened)
    elif path.is_file():
        try:
            archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise Invalid(f"{path} is no ZIP file, or it is cut short: nothing can be verified.") from error
        with archive:
            many = Counter(archive.namelist())
            odd = {name: f"there {count} times; only one was signed." for name, count in many.items() if count > 1}
            yield _Content([name for name in many if not name.endswith("/")], odd, archive.open)
    else:
        raise NotFound(f"There is no {path}.")
