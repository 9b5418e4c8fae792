"""What is in a raw take, on the server's clock, whoever wrote it."""

from pathlib import Path

import av

from teleosce.recording import Take, journal
from teleosce.recording.models import journal_name, raw_name
from teleosce.recording.timeline import timeline


def last_packets(folder: Path, take: Take) -> dict[str, float]:
    """Per track, when its last packet belongs, in ms since the epoch."""
    place = timeline(journal.read(folder / journal_name(take.id))).tracks
    last: dict[str, float] = {}
    with av.open(str(folder / raw_name(take.id))) as container:
        for packet in container.demux():
            if packet.pts is not None and packet.size:
                at_ms = packet.pts * float(packet.time_base or 0) * 1000
                last[packet.stream.type] = max(at_ms, last.get(packet.stream.type, 0.0))
    return {kind: place[kind](at_ms) for kind, at_ms in last.items()}
