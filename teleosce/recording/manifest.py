"""The manifest: an encounter's takes on one timeline, in one durable file."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import av

from teleosce import __version__
from teleosce.core.blobs import write_durably
from teleosce.recording.models import MANIFEST, Gap, Manifest, Take, TakeState


def bind(encounter_id: str, takes: Sequence[Take], orphans: Sequence[str], now_ms: int) -> Manifest:
    """Numbers the takes of each participant, notes the gaps between them, and counts all times from the first start.

    takes: as sealing left them, with gaps and speech counted from each take's own start.
    """
    ordered = sorted(takes, key=lambda take: (take.starts_ms, take.id))
    # A take that cannot be played cannot set the beginning either, unless there is no other. One that was deleted does:
    # marks and transcripts count from where the recording began.
    playable = [take for take in ordered if take.file or take.state is TakeState.deleted] or ordered
    starts_ms = playable[0].starts_ms if playable else now_ms
    bound: list[Take] = []
    last: dict[str, Take] = {}
    for take in ordered:
        before = last.get(take.participant_id)
        shift = take.starts_ms - starts_ms
        gaps = [_shifted(gap, shift) for gap in take.gaps]
        if before is not None and before.ends_ms < take.starts_ms:
            gaps.insert(0, Gap(kind="rejoin", from_ms=before.ends_ms - starts_ms, to_ms=shift))
        speech = [(begin + shift, end + shift) for begin, end in take.audio.speech] if take.audio else []
        bound.append(
            take.model_copy(
                update={
                    "number": before.number + 1 if before else 1,
                    "gaps": gaps,
                    "audio": take.audio and take.audio.model_copy(update={"speech": speech}),
                }
            )
        )
        last[take.participant_id] = bound[-1]
    return Manifest(
        encounter_id=encounter_id,
        starts_ms=starts_ms,
        duration_ms=max((take.ends_ms for take in playable), default=starts_ms) - starts_ms,
        takes=bound,
        orphans=sorted(orphans),
        tools=tools(),
        sealed_ms=now_ms,
    )


def _shifted(gap: Gap, shift: int) -> Gap:
    return gap.model_copy(update={"from_ms": gap.from_ms + shift, "to_ms": gap.to_ms + shift})


@cache
def tools() -> dict[str, str]:
    """The versions of what made the files."""
    found = {"teleosce": __version__, "libavformat": ".".join(map(str, av.library_versions["libavformat"]))}
    for package in ("av", "opencv-python-headless", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def read_manifest(folder: Path) -> Manifest | None:
    """None when there is none, or none that can be read: then it is made anew. Blocks."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Blocks. Raises OSError when the disk does not let it; the older one is then still there."""
    write_durably(folder / MANIFEST, manifest.model_dump_json(indent=1).encode())


def same(one: Manifest, other: Manifest) -> bool:
    """Whether two manifests say the same, whenever and with whatever they were made."""
    left_out = {"sealed_ms", "tools"}
    return one.model_dump(exclude=left_out) == other.model_dump(exclude=left_out)
