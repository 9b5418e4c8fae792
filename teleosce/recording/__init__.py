"""Takes on disk: a silent participant writes every publication as it comes, and sealing makes of it what people play.

A take is a raw WebM and a journal, written so that a killed server loses at most a second. Sealing starts from these
files, not from an event: it places sound and picture on the server's clock by the senders' reports, fills holes in
the sound, verifies the result by reading it, and binds all takes of an encounter in a manifest with SHA-256. Raw takes
are kept.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from teleosce.recording.deletion import deleted_files, is_growing
    from teleosce.recording.excerpts import Excerpt, excerpt
    from teleosce.recording.feed import ALARM_KINDS, DAMAGE_READ, Alarm
    from teleosce.recording.losses import lost_spans
    from teleosce.recording.manifest import read_manifest
    from teleosce.recording.models import Gap, Manifest, Take, TakeState
    from teleosce.recording.recordings import Recordings, Room

__all__ = [
    "ALARM_KINDS",
    "DAMAGE_READ",
    "Alarm",
    "Excerpt",
    "Gap",
    "Manifest",
    "Recordings",
    "Room",
    "Take",
    "TakeState",
    "deleted_files",
    "excerpt",
    "is_growing",
    "lost_spans",
    "read_manifest",
]

_HOMES = {
    "deletion": ("deleted_files", "is_growing"),
    "excerpts": ("Excerpt", "excerpt"),
    "feed": ("ALARM_KINDS", "DAMAGE_READ", "Alarm"),
    "losses": ("lost_spans",),
    "manifest": ("read_manifest",),
    "models": ("Gap", "Manifest", "Take", "TakeState"),
    "recordings": ("Recordings", "Room"),
}


def __getattr__(name: str) -> Any:
    """Brings in what is asked for, when it is: the process that seals needs no database and no live media."""
    for home, names in _HOMES.items():
        if name in names:
            module = import_module(f"{__name__}.{home}")
            globals().update({one: getattr(module, one) for one in names})
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
