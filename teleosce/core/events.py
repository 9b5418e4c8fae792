"""Typed events between rooms that do not import each other. `app.py` joins them."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)

E = TypeVar("E")


@dataclass(frozen=True)
class PhaseChanged:
    """An encounter entered a phase; it is already in the database. `ends_ms` is None where no time is set."""

    encounter_id: str
    phase: str
    started_ms: int
    ends_ms: int | None


@dataclass(frozen=True)
class CircuitChanged:
    """A circuit of an exam is in another state, or another rotation began."""

    exam_id: str
    circuit: str
    state: str
    rotation: int


@dataclass(frozen=True)
class SeatSwapped:
    """Somebody gave way to another in all that waits or runs. encounters: those that run."""

    exam_id: str
    seat_id: str
    with_seat_id: str
    encounters: tuple[str, ...]


@dataclass(frozen=True)
class IncidentChanged:
    """A disruption was noted, is over, was measured, or was decided on."""

    exam_id: str
    incident_id: str


@dataclass(frozen=True)
class MessageSaid:
    """A message; `seat_id` is None when it is for everyone in the exam, or for the control room."""

    exam_id: str
    number: int
    seat_id: str | None


@dataclass(frozen=True)
class BellRang:
    """The signal at a phase boundary (`start`, `end`) or before the end (`warning`)."""

    encounter_id: str
    kind: str
    phase: str
    at_ms: int


@dataclass(frozen=True)
class EncounterStarted:
    """The consultation itself begins: open the room, record."""

    encounter_id: str


@dataclass(frozen=True)
class EncounterEnded:
    """The consultation is over: close the room, seal the recording."""

    encounter_id: str


@dataclass(frozen=True)
class ConnectionChanged:
    """A participant's media connection in a room came (`connected`), went or failed."""

    room_id: str
    participant_id: str
    state: str


@dataclass(frozen=True)
class TakeClosed:
    """A take has stopped growing; its file is whole on disk."""

    encounter_id: str
    take_id: str


@dataclass(frozen=True)
class AlarmsChanged:
    """Something is wrong with a person in an encounter, or is not any more."""

    encounter_id: str


@dataclass(frozen=True)
class RecordingSealed:
    """All takes of an encounter are sealed (or quarantined) and its manifest is written."""

    encounter_id: str


@dataclass(frozen=True)
class TranscriptReady:
    """The transcript of an encounter is in the database."""

    encounter_id: str


@dataclass(frozen=True)
class MarkSubmitted:
    """An examiner's mark is locked."""

    encounter_id: str
    form_id: str


@dataclass(frozen=True)
class SessionEnded:
    """A session may do nothing more: `reason` is `replaced` (a newer device), `revoked` or `signed-out`."""

    session_id: str
    reason: str


class Events:
    """Delivers each event to its subscribers in the order of subscription, one after the other.

    A subscriber that fails is logged and does not keep the others from hearing.
    """

    def __init__(self) -> None:
        self._subscribers: dict[type[Any], list[Callable[[Any], Awaitable[None]]]] = defaultdict(list)

    def subscribe(self, kind: type[E], subscriber: Callable[[E], Awaitable[None]]) -> None:
        """Call `subscriber` with every event of exactly this class."""
        self._subscribers[kind].append(subscriber)

    async def publish(self, event: object) -> None:
        """Returns when every subscriber has heard."""
        for subscriber in self._subscribers[type(event)]:
            try:
                await subscriber(event)
            except Exception:
                log.exception("a subscriber failed", happening=type(event).__name__)
