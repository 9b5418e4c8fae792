"""One publication on its way to the room's subscribers. Whatever they raise is logged and goes no further."""

import time

import structlog

from teleosce.rtc.model import Kind, Publication, Subscriber

log = structlog.get_logger(__name__)

_LOG_AGAIN_S = 10.0


class Feed:
    """A publication and those who hear of it."""

    def __init__(self, publication: Publication, subscribers: tuple[Subscriber, ...]) -> None:
        self.publication = publication
        self.subscribers = subscribers
        self._failed_at = float("-inf")

    def start(self, subscriber: Subscriber) -> None:
        """Tells one subscriber that the publication is there."""
        try:
            subscriber.publication_started(self.publication)
        except Exception as error:  # noqa: BLE001  theirs, whatever it is
            self._failed(subscriber, error)

    def packet(  # noqa: PLR0917  called for every packet: keywords cost
        self, kind: Kind, extended: int, timestamp: int, marker: int, payload: bytes, arrival: float
    ) -> None:
        """Passes on one packet."""
        for subscriber in self.subscribers:
            try:
                subscriber.packet(self.publication, kind, extended, timestamp, marker != 0, payload, arrival)
            except Exception as error:  # noqa: BLE001
                self._failed(subscriber, error)

    def sender_report(self, kind: Kind, ntp: int, timestamp: int, arrival: float) -> None:
        """Passes on one sender report."""
        for subscriber in self.subscribers:
            try:
                subscriber.sender_report(self.publication, kind, ntp, timestamp, arrival)
            except Exception as error:  # noqa: BLE001
                self._failed(subscriber, error)

    def end(self) -> None:
        """Tells all that nothing more of it comes."""
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
