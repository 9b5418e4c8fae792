"""One publication on its way to the room's subscribers. Whatever they raise is logged and goes no further."""

import time
from collections.abc import Callable

import structlog

from teleosce.rtc.model import Kind, Packet, Publication, Subscriber

log = structlog.get_logger(__name__)

_LOG_AGAIN_S = 10.0


class Feed:
    """A publication and those who hear of it."""

    def __init__(self, publication: Publication, subscribers: tuple[Subscriber, ...]) -> None:
        self.publication = publication
        self.subscribers = subscribers
        self._failed_at = float("-inf")
        self._gathered: dict[Kind, list[Packet]] = {"audio": [], "video": []}

    def gather(self, kind: Kind) -> Callable[[Packet], None]:
        """Takes one packet in, to be passed on with the next `flush`: all that each packet costs here."""
        return self._gathered[kind].append

    def start(self, subscriber: Subscriber) -> None:
        """Tells one subscriber that the publication is there."""
        try:
            subscriber.publication_started(self.publication)
        except Exception as error:  # noqa: BLE001  theirs, whatever it is
            self._failed(subscriber, error)

    def flush(self) -> None:
        """Passes on what has been gathered."""
        for kind, gathered in self._gathered.items():
            if gathered:
                packets = gathered.copy()
                gathered.clear()
                for subscriber in self.subscribers:
                    try:
                        subscriber.packets(self.publication, kind, packets)
                    except Exception as error:  # noqa: BLE001
                        self._failed(subscriber, error)

    def sender_report(self, kind: Kind, ntp: int, timestamp: int, arrival: float) -> None:
        """Passes on one sender report, after the packets that came before it."""
        self.flush()
        for subscriber in self.subscribers:
            try:
                subscriber.sender_report(self.publication, kind, ntp, timestamp, arrival)
            except Exception as error:  # noqa: BLE001
                self._failed(subscriber, error)

    def end(self) -> None:
        """Tells all that nothing more of it comes."""
        self.flush()
        for subscriber in self.subscribers:
            try:
                subscriber.publication_ended(self.publication)
            except Exception as error:  # noqa: BLE001
                self._failed(subscriber, error)

    def _failed(self, subscriber: Subscriber, error: Exception) -> None:
        """Fifty tracebacks a second would fill a disk: one in ten seconds."""
        now = time.monotonic()
        if now - self._failed_at >= _LOG_AGAIN_S:
            self._failed_at = now
            log.error(
                "a subscriber of a room failed; media goes on",
                room=self.publication.room,
                subscriber=type(subscriber).__name__,
                exc_info=error,
            )
