"""What of a person's sound and picture is not in the sealed recording. Pure."""

from collections.abc import Iterable, Sequence

from teleosce.recording.models import Manifest, Take, TakeState

Span = tuple[int, int]
"""From and to, in milliseconds on the server's clock."""


def lost_spans(
    manifest: Manifest, participant_id: str, within: Span, aside: Sequence[Span] = ()
) -> tuple[list[Span], list[Span]]:
    """What is missing of a participant's sound and of their picture. aside: when nothing could be lost.

    What somebody switched off themselves is not lost, nor the picture of one who showed none.
    """
    takes = [one for one in manifest.takes if one.participant_id == participant_id]
    there = [one for one in takes if one.state in (TakeState.sealed, TakeState.deleted)]
    heard = [(one.starts_ms, one.ends_ms) for one in there if one.audio is not None]
    seen = [(one.starts_ms, one.ends_ms) for one in there]
    lost = (_lost(manifest, there, heard, "audio", within), _lost(manifest, there, seen, "video", within))
    return _without(lost[0], aside), _without(lost[1], aside)


def _lost(manifest: Manifest, takes: Iterable[Take], covered: list[Span], track: str, within: Span) -> list[Span]:
    gaps = [
        (manifest.starts_ms + gap.from_ms, manifest.starts_ms + gap.to_ms)
        for take in takes
        for gap in take.gaps
        if gap.kind != "pause" and gap.track in (track, None)
    ]
    return _without([within], _without(covered, gaps))


def _without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """The parts of the spans that are in none of those taken away."""
    left = sorted(spans)
    for from_ms, to_ms in taken:
        cut = [[(start, min(end, from_ms)), (max(start, to_ms), end)] for start, end in left]
        left = [part for parts in cut for part in parts if part[0] < part[1]]
    return left
