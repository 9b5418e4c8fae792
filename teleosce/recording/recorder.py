"""The recorder: a room's silent participant, which hands every publication to the writer."""

from collections.abc import Callable
from pathlib import Path

from teleosce.core.clock import Clock
from teleosce.recording.feed import Feed, SenderReport
from teleosce.recording.journal import Header
from teleosce.recording.writer import Writer
from teleosce.rtc.model import Kind, Packet, Publication


class Recorder:
    """A `Subscriber` of one encounter's room. Returns at once from everything: the writer's thread does the work."""

    def __init__(
        self,
        folder: Path,
        writer: Writer,
        clock: Clock,
        opened: Callable[[Header, int], None],
        closed: Callable[[str, str | None], None],
    ) -> None:
        self.feeds: list[Feed] = []
        self._live: dict[str, Feed] = {}
        self._folder, self._writer, self._clock = folder, writer, clock
        self._opened, self._closed = opened, closed

    def publication_started(self, publication: Publication) -> None:
        """A new take begins with its first packet."""
        self.publication_ended(publication)
        feed = Feed(self._folder, publication, self._clock, self._opened, self._closed)
        self._live[publication.id] = feed
        self.feeds.append(feed)
        self._writer.add(feed)

    def packets(self, publication: Publication, kind: Kind, packets: list[Packet]) -> None:
        """Queues packets."""
        feed = self._live.get(publication.id)
        if feed is not None:
            feed.packets(kind, packets)

    def sender_report(self, publication: Publication, kind: Kind, ntp: int, timestamp: int, arrival: float) -> None:
        """Queues a sender report."""
        feed = self._live.get(publication.id)
        if feed is not None:
            feed.report(kind, SenderReport(ntp, timestamp, arrival))

    def publication_ended(self, publication: Publication) -> None:
        """The take ends."""
        feed = self._live.pop(publication.id, None)
        if feed is not None:
            feed.end()

    def end(self) -> None:
        """All takes end."""
        for feed in self._live.values():
            feed.end()
        self._live.clear()
