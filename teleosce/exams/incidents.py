"""Disruptions, what was lost by them, and what the exam's policy proposes. Pure: no clock, no database."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from teleosce.exams.models import Policy

BESIDE_MS = 10_000
"""What is lost this near to a disruption belongs to it: it was noticed some seconds late, and ended as slowly."""

ADDED_AT_MOST_S = 3600

Span = tuple[int, int]
"""From and to, on the server's clock."""


class IncidentKind(StrEnum):
    """What failed: a person’s line, their sound or picture, the server or something else; or who was not there."""

    line = "line"
    sound = "sound"
    picture = "picture"
    server = "server"
    other = "other"
    missed = "missed"

    @property
    def is_measured(self) -> bool:
        """Whether the sealed recording tells what was lost."""
        return self not in (IncidentKind.other, IncidentKind.missed)


class Decision(StrEnum):
    """What is done about an incident."""

    none = "none"
    add_time = "add-time"
    rerun = "re-run"
    void = "void"


@dataclass(frozen=True)
class Wrong:
    """Something that is wrong with somebody at this moment. counts: whether sound or picture is lost by it."""

    seat_id: str
    kind: IncidentKind
    since_ms: int
    counts: bool = True


@dataclass(frozen=True)
class Lost:
    """What of a seat's sound and picture is not in the sealed recording of the consultation."""

    audio: tuple[Span, ...]
    video: tuple[Span, ...]


@dataclass(frozen=True)
class Incident:
    """A disruption. seat_id: None when it struck all of the encounter; encounter_id: None when it struck none.

    since_ms: from when on more is being lost; None while nothing is. closed_ms: None while it goes on. measured: the
    lost time is that of the sealed recording. decision: None until a person decided. carried_out: whether what was
    decided could still be done by the server itself.
    """

    id: str
    exam_id: str
    encounter_id: str | None
    seat_id: str | None
    kind: IncidentKind
    opened_ms: int
    since_ms: int | None = None
    closed_ms: int | None = None
    lost_audio_ms: int = 0
    lost_video_ms: int = 0
    measured: bool = False
    proposal: Decision = Decision.none
    decision: Decision | None = None
    decided_by: str | None = None
    decided_ms: int | None = None
    carried_out: bool = False
    note: str = ""

    @property
    def lost_ms(self) -> int:
        """What counts: sound; of a disruption of the picture alone, the picture."""
        return self.lost_video_ms if self.kind is IncidentKind.picture else self.lost_audio_ms

    @property
    def added_s(self) -> int:
        """The time that makes good what was lost, in whole seconds."""
        return min(ADDED_AT_MOST_S, -(-self.lost_ms // 1000))


def proposed(incident: Incident, policy: Policy) -> Decision:
    """What the policy proposes. Who can be heard goes on: a lost picture is at most worth more time.

    A missed encounter is carried over, unless the policy runs none again.
    """
    if incident.kind is IncidentKind.missed:
        return Decision.none if policy.rerun_from_s is None else Decision.rerun
    lost_s = incident.lost_ms / 1000
    steps = ((Decision.void, policy.void_from_s), (Decision.rerun, policy.rerun_from_s))
    for decision, from_s in () if incident.kind is IncidentKind.picture else steps:
        if from_s is not None and lost_s >= from_s:
            return decision
    enough = policy.add_time_from_s is not None and lost_s >= policy.add_time_from_s
    return Decision.add_time if enough else Decision.none


def until_now(incident: Incident, policy: Policy, now_ms: int) -> Incident:
    """The incident with what has been lost by now, and what that proposes; a decision stays."""
    if incident.since_ms is not None:
        lost_ms = max(0, now_ms - incident.since_ms)
        heard = incident.kind is IncidentKind.picture
        seen = incident.kind is IncidentKind.sound
        incident = replace(
            incident,
            lost_audio_ms=incident.lost_audio_ms + (0 if heard else lost_ms),
            lost_video_ms=incident.lost_video_ms + (0 if seen else lost_ms),
        )
    return incident if incident.decision is not None else replace(incident, proposal=proposed(incident, policy))


def goes_on(
    incident: Incident, wrong: Iterable[Wrong], policy: Policy, now_ms: int, *, known: bool = False
) -> Incident:
    """The incident after a look at what is wrong now; it ends, goes on, or is open again.

    known: it stood at the look before, so what begins to count now has not counted until now (a pause is over).
    """
    mine = [one for one in wrong if (one.seat_id, one.kind) == (incident.seat_id, incident.kind)]
    counting = [one.since_ms for one in mine if one.counts]
    if counting and incident.since_ms is None:
        counted = now_ms if known and incident.closed_ms is None else min(counting)
        incident = replace(incident, since_ms=max(counted, incident.closed_ms or 0))
    elif not counting and incident.since_ms is not None:
        incident = replace(until_now(incident, policy, now_ms), since_ms=None)
    if mine:
        return replace(incident, closed_ms=None)
    return incident if incident.closed_ms is not None else replace(incident, closed_ms=now_ms)


def measure(
    incident: Incident, lost: Collection[Lost], ended_ms: int, policy: Policy, apart: Span = (0, 2**53)
) -> Incident:
    """The incident by the sealed recording. lost: of its seat, or of all when it struck all. apart: its, and no more.

    A microphone that gave silence left no gap: for sound and picture the longer of both counts.
    """
    closed_ms = incident.closed_ms or ended_ms
    window = (max(incident.opened_ms - BESIDE_MS, apart[0]), min(closed_ms + BESIDE_MS, apart[1]))
    audio_ms = max((_within(one.audio, window) for one in lost), default=0)
    video_ms = max((_within(one.video, window) for one in lost), default=0)
    if incident.kind in (IncidentKind.sound, IncidentKind.picture):
        audio_ms, video_ms = max(audio_ms, incident.lost_audio_ms), max(video_ms, incident.lost_video_ms)
    new = replace(incident, lost_audio_ms=audio_ms, lost_video_ms=video_ms, since_ms=None, closed_ms=closed_ms)
    new = replace(new, measured=True)
    return new if new.decision is not None else replace(new, proposal=proposed(new, policy))


def total_ms(spans: Iterable[Span]) -> int:
    """The length of spans that do not overlap."""
    return sum(to_ms - from_ms for from_ms, to_ms in spans)


def _within(spans: Iterable[Span], window: Span) -> int:
    cut = ((max(one[0], window[0]), min(one[1], window[1])) for one in spans)
    return total_ms(one for one in cut if one[1] > one[0])
