"""A page's receive slots: pairs of an audio and a video track that the server gives to whoever is there."""

from collections.abc import Callable
from itertools import zip_longest
from typing import TYPE_CHECKING

from teleosce.rtc.downtrack import DownTrack
from teleosce.rtc.model import Binding, Kind
from teleosce.rtc.sdp import CODECS, MediaLine, Offer
from teleosce.rtc.transport import MediaTransport

if TYPE_CHECKING:
    from teleosce.rtc.peer import Peer


class Slot:
    """One pair. A participant who comes back finds the slot they had, if nobody else needed it."""

    def __init__(self, audio: DownTrack | None, video: DownTrack | None) -> None:
        self.audio = audio
        self.video = video
        self.tracks = tuple(track for track in (audio, video) if track is not None)
        self.participant: str | None = None
        self.name = ""
        self.last: str | None = None

    def bind(self, peer: "Peer") -> None:
        """Gives the slot to `peer`, or to a newer connection of the one who has it."""
        self.participant = self.last = peer.participant
        self.name = peer.name
        for track in self.tracks:
            up = peer.ups.get(track.kind)
            if up is None:
                track.detach()
            else:
                track.attach(up)

    def free(self) -> None:
        """Takes it from whoever has it."""
        self.participant = None
        for track in self.tracks:
            track.detach()

    def bindings(self) -> list[Binding]:
        """What the page is told of it."""
        if self.participant is None:
            return []
        return [
            Binding(track.mid, self.participant, self.name, track.kind) for track in self.tracks if track.up is not None
        ]


def make_slots(offer: Offer, transport: MediaTransport, allowed_bps: Callable[[], float]) -> list[Slot]:
    """The first receiving audio section with the first receiving video section, and so on."""
    by_kind: dict[Kind, list[MediaLine]] = {
        kind: [line for line in offer.lines if line.kind == kind and line.receives] for kind in CODECS
    }
    return [
        Slot(
            _track("audio", number, audio, transport, allowed_bps),
            _track("video", number, video, transport, allowed_bps),
        )
        for number, (audio, video) in enumerate(zip_longest(by_kind["audio"], by_kind["video"]))
    ]


def _track(
    kind: Kind, number: int, line: MediaLine | None, transport: MediaTransport, allowed_bps: Callable[[], float]
) -> DownTrack | None:
    if line is None:
        return None
    return DownTrack(
        kind=kind,
        mid=line.mid,
        stream=f"slot{number}",
        payload_type=line.payload_type,
        clock_rate=CODECS[kind][1],
        abs_send_time=line.abs_send_time,
        send_rtp=transport.send_rtp,
        send_rtcp=transport.send_rtcp,
        allowed_bps=allowed_bps,
    )


def slot_for(peer: "Peer", participant: str) -> Slot | None:
    """The slot that `participant` has, had last, or may take; None when all are taken."""
    free = [slot for slot in peer.slots if slot.participant is None]
    for wanted in (
        [slot for slot in peer.slots if slot.participant == participant],
        [slot for slot in free if slot.last == participant],
        [slot for slot in free if slot.last is None],
        free,
    ):
        if wanted:
            return wanted[0]
    return None
