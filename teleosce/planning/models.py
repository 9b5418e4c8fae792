"""An exam's plan: the one document that `exam.yaml`, the builder page and the database hold.

Frozen, and checked as it is made: a plan may be wrong as a whole (`conflicts` says how), but each of its parts has
sense. Local times are the school's, in the plan's zone.
"""

import re
from datetime import datetime, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    NaiveDatetime,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from teleosce.reports import ResultRules
from teleosce.scoring import FeedbackRules, MarkingRules
from teleosce.stations.model import Flag, Part, Text

CircuitName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=12)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
StaffRole = Literal["sp", "examiner", "invigilator", "observer", "moderator"]

MOST_CANDIDATES = 600
MOST_STATIONS = 40
MOST_CIRCUITS = 30
MOST_EXTRA = 200

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")


def _email(address: str) -> str:
    if address and not _ADDRESS.fullmatch(address):
        raise ValueError("is no e-mail address")
    return address


def _zone(name: str) -> str:
    if name:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, LookupError) as error:
            raise ValueError("is no time zone; use a name such as Europe/London") from error
    return name


def _in_our_time(start: datetime) -> datetime:
    if not 2000 <= start.year < 2200:
        raise ValueError("must be a date of our time")
    return start


def _one_or_more(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else () if value is None else (value,)


def _minutes(value: Any) -> Any:
    # YAML reads an unquoted 10:30 as the number 630: minutes since midnight, as it happens.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return time(value // 60, value % 60)
    return value


Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_email)]
Start = Annotated[NaiveDatetime, AfterValidator(_in_our_time)]
Starts = Annotated[tuple[Start, ...], BeforeValidator(_one_or_more), Field(max_length=20)]
"""When each round begins; one time may stand alone. A round without a time follows the one before it."""
Clock = Annotated[time, BeforeValidator(_minutes)]
Zone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(_zone)]


class Phases(Part):
    """Lengths that stand in place of the stations' own, in seconds; what is left out stays the station's."""

    reading_s: int | None = Field(None, ge=0, le=1800)
    encounter_s: int | None = Field(None, ge=10, le=7200)
    note_s: int | None = Field(None, ge=0, le=3600)
    changeover_s: int | None = Field(None, ge=0, le=1800)
    warning_s: int | None = Field(None, ge=0, le=1800)


class Place(Part):
    """Who is at a station of a circuit. A name that is left out is made up."""

    sp: Name = ""
    examiner: Name = ""


def _place(value: Any) -> Any:
    return {"sp": value} if isinstance(value, str) else value


class PlanStation(Part):
    """A place of the ring: a station by its folder's name or its version's hash, with its people in each circuit.

    `examiner_speaks`: a viva. The examiner talks with the candidate, in place of a patient where none is named.
    """

    station: Text
    examiner_speaks: Flag = False
    phases: Phases = Phases()
    people: dict[CircuitName, Annotated[Place, BeforeValidator(_place)]] = Field(default_factory=dict)


class Circuit(Part):
    """A parallel copy of the ring. `starts`, if given, in place of the exam's. `site`: where its candidates sit."""

    name: CircuitName
    starts: Starts = ()
    site: Short = ""


class Break(Part):
    """So many minutes free, somewhere between two times of the day; the whole of it when no minutes are given."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)
    opens: Clock = Field(alias="from")
    closes: Clock = Field(alias="to")
    minutes: int | None = Field(None, ge=1, le=600)


class Person(Part):
    """One of the staff. At the stations they are called by name; an SP or examiner at none of them is a spare."""

    name: Text
    role: StaffRole = "sp"
    email: Email = ""
    zone: Zone = ""
    breaks: tuple[Break, ...] = Field((), max_length=10)


class Candidate(Part):
    """`extra_percent` lengthens their phases. `circuit` pins them to one. Those of a `group` stay together."""

    name: Text
    number: Short = ""
    email: Email = ""
    group: Short = ""
    extra_percent: int = Field(0, ge=0, le=MOST_EXTRA)
    circuit: Annotated[str, StringConstraints(strip_whitespace=True, max_length=12)] = ""
    zone: Zone = ""


class Policy(Part):
    """What the incident ledger proposes, by seconds of sound or picture lost; null never proposes it."""

    add_time_from_s: int | None = Field(15, ge=0, le=7200)
    rerun_from_s: int | None = Field(90, ge=0, le=7200)
    void_from_s: int | None = Field(None, ge=0, le=7200)


def _named(key: str) -> BeforeValidator:
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class ExamPlan(Part):
    """The whole plan. `rounds`: how often the ring may be run; as often as the candidates need when left out."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    zone: Zone = "Europe/London"
    starts: Starts = ()
    phases: Phases = Phases()
    stations: tuple[Annotated[PlanStation, _named("station")], ...] = Field((), max_length=MOST_STATIONS)
    circuits: tuple[Annotated[Circuit, _named("name")], ...] = Field((), max_length=MOST_CIRCUITS)
    rounds: int | None = Field(None, ge=1, le=20)
    people: tuple[Person, ...] = Field((), max_length=1000)
    candidates: tuple[Annotated[Candidate, _named("name")], ...] = Field((), max_length=MOST_CANDIDATES)
    policy: Policy = Policy()
    marking: MarkingRules = MarkingRules()
    feedback: FeedbackRules = FeedbackRules()
    results: ResultRules = ResultRules()

    @field_validator("results")
    @classmethod
    def _weighs_its_stations(cls, results: ResultRules, told: ValidationInfo) -> ResultRules:
        named = {one.station for one in told.data.get("stations", ())}
        strange = sorted(set(results.station_weights) - named)
        # Of a station that is named by its hash, the folder is not known here.
        if strange and not any(len(one) == 64 for one in named):
            raise ValueError(f"gives weights to “{strange[0]}”, which is not among the stations")
        return results

    @property
    def rings(self) -> tuple[Circuit, ...]:
        """The circuits; one, called A, where the plan names none."""
        return self.circuits or (Circuit(name="A"),)

    def number_of(self, index: int) -> str:
        """A candidate's number: their own, or C and their place in the list."""
        return self.candidates[index].number or f"C{index + 1:02}"

    def sp_at(self, circuit: str, position: int) -> str:
        """The SP of a station (numbered from 1) in a circuit; a name is made up where none is given.

        Empty where the examiner speaks and no SP is named.
        """
        station = self.stations[position - 1]
        given = station.people.get(circuit, Place()).sp
        return given if given or station.examiner_speaks else f"Patient {self._where(circuit, position)}"

    def examiner_at(self, circuit: str, position: int) -> str:
        """The examiner of a station in a circuit; where none is given, one examiner marks all of those.

        Who speaks is at one station alone.
        """
        station = self.stations[position - 1]
        made = f"Examiner {self._where(circuit, position)}" if station.examiner_speaks else "Examiner"
        return station.people.get(circuit, Place()).examiner or made

    def _where(self, circuit: str, position: int) -> str:
        return f"{circuit} {position}" if len(self.rings) > 1 else str(position)

    def utc_ms(self, local: datetime) -> int:
        """A local time of the school in milliseconds since the epoch."""
        return round(local.replace(tzinfo=ZoneInfo(self.zone)).timestamp() * 1000)
