"""What a rehearsal found out: plain facts, as the report and its JSON carry them. Seconds and counts throughout."""

from typing import Any

from pydantic import BaseModel


class Packets(BaseModel):
    """Of one person, both ways. `lost` is on the line, before repair; `missing` never came."""

    sent: int
    sent_lost: int
    resent: int
    received: int
    received_missing: int
    received_repaired: int
    pictures: int
    unreadable: int


class Outage(BaseModel):
    """Somebody was out. back_s: from when they could come back until media came; None: they did not."""

    why: str
    at_s: float
    back_s: float | None


class Person(BaseModel):
    """One participant. page_s: from opening the link to the place; join_s: from the bell to media; None: did not."""

    session: int
    role: str
    seat: str
    troubles: list[str]
    page_s: float | None = None
    join_s: float | None = None
    packets: Packets | None = None
    joins: list[tuple[int, float]] = []
    """In a day: rotation, and seconds from its first bell to media."""
    outages: list[Outage] = []
    alarms: list[tuple[str, float]] = []
    """What the server found wrong with them: kind, and seconds from the encounter's bell."""


class Take(BaseModel):
    """A take as the server serves it. Spans count from the encounter's bell, by the server's clock.

    sound, picture: (from, to) of what the file really holds, None when nothing. offsets: sound after picture.
    """

    id: str
    session: int
    role: str
    seat: str
    number: int
    state: str
    reason: str | None = None
    span: tuple[float, float]
    sound: tuple[float, float] | None = None
    picture: tuple[float, float] | None = None
    beeps_expected: int = 0
    beeps_found: int = 0
    offsets: list[float] | None = None
    gaps: list[tuple[str, str | None, float, float]] = []


class Session(BaseModel):
    """An encounter of a day that was held. seconds: of the consultation, as it was in truth."""

    number: int
    circuit: str
    rotation: int
    position: int
    candidate: str
    second: str | None = None
    """Another candidate, at a station for two."""
    sp: str
    seconds: float
    outcome: str | None

    @property
    def people(self) -> list[str]:
        """The seats of those who met."""
        return [seat for seat in (self.candidate, self.second, self.sp) if seat is not None]


class Boundary(BaseModel):
    """A phase began for many at once. spread_ms: from the first page that was told to the last; late_ms: the last's."""

    circuits: str
    rotation: int
    phase: str
    pages: int
    spread_ms: float
    late_ms: float


class DayFacts(BaseModel):
    """What is found out of a whole day, beyond its encounters."""

    title: str
    circuits: list[str]
    stations: int
    candidates: int
    patients: int
    others: int
    at_once: int
    planned: int
    """Rotations of all circuits that were to be run."""
    turned: int = 0
    sessions: list[Session] = []
    stuck: list[str] = []
    missed: list[str] = []
    wrong: list[str] = []
    """Who was told, was in or heard something else than the timetable says."""
    checked: int = 0
    """How often that was compared."""
    boundaries: list[Boundary] = []
    transitions: int = 0
    log: list[str] = []
    """Transitions that were lost or doubled."""
    took_s: float = 0.0
    planned_s: float = 0.0


class Kill(BaseModel):
    """The server was killed. up_s: until it answered again. lost: of each track, what it had got and could not keep."""

    at_s: float
    up_s: float
    back: list[float | None]
    lost: list[float] = []


class Words(BaseModel):
    """One person's transcript against what was said."""

    session: int
    role: str
    said: int
    heard: int
    error_rate: float


class Usage(BaseModel):
    """What our own server used during the encounters. Memory in MiB; worker: the transcription process."""

    cpu_s: float
    seconds: float
    worker_cpu_s: float
    rss_before: float
    rss_most: float
    rss_after: float
    handles_before: int
    handles_most: int
    handles_after: int
    threads_most: int
    disk_mib: float


class Facts(BaseModel):
    """One rehearsal."""

    version: str
    server: str
    station: str
    began_ms: int
    sessions: int
    seconds: float
    troubles: list[str]
    machine: dict[str, Any]
    day: DayFacts | None = None
    people: list[Person] = []
    takes: list[Take] = []
    kills: list[Kill] = []
    words: list[Words] | None = None
    writers: int = 1
    """Examiners who saved remarks all the while. None do where each of them speaks with candidates."""
    marks_acknowledged: int = 0
    marks_missing: int = 0
    unfinished: list[str] = []
    """Encounters without their final state, or without a sealed recording."""
    usage: Usage | None = None
    breaches: list[str] | None = None
    """What `teleosce verify` found in the data folder; None where there was no folder to look into."""
    kept_waiting_s: float = 0.0
    """The longest time that the machine did not let anybody of the rehearsal act."""
    mishaps: list[str] = []
    """What went wrong that nobody had asked for."""
