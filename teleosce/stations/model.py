"""A station version and its parts: frozen, and checked as they are made.

The files of a folder have the same shapes: `mark-sheet.yaml` is a MarkSheet, `note.yaml` a NoteForm,
`rehearsal.yaml` a Rehearsal, and `station.yaml` a StationFile.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
"""An id that people write: it becomes a part of field names and file names, so it has no dots."""
Flag = Annotated[bool, Field(strict=True)]
Grade = Literal["fail", "borderline", "pass", "good", "excellent"]

MARKDOWN_LIMIT = 65_536


class Part(BaseModel):
    """Immutable; a key that is not known is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _seconds(default: int, least: int, most: int) -> int:
    value: int = Field(default, ge=least, le=most, strict=True)
    return value


class Timings(Part):
    """The length of each phase, in seconds; `warning_s` counts back from the end of the encounter."""

    reading_s: int = _seconds(120, 0, 1800)
    encounter_s: int = _seconds(480, 10, 7200)
    note_s: int = _seconds(0, 0, 3600)
    changeover_s: int = _seconds(60, 0, 1800)
    warning_s: int = _seconds(120, 0, 1800)


class ScriptKind(StrEnum):
    """The parts of an SP script, in the order in which they are shown."""

    opening = "opening"
    story = "story"
    facts = "facts"
    on_request = "on_request"
    cues = "cues"
    video = "video"
    questions = "questions"
    other = "other"


class ScriptPart(Part):
    """A level-2 heading of `sp-script.md` and the markdown under it."""

    kind: ScriptKind
    title: Text
    body: Annotated[str, StringConstraints(max_length=MARKDOWN_LIMIT)]


class Anchors(Part):
    """What an examiner sees when an item is done, partly done or not done."""

    done: str = Field("", max_length=1000)
    partly: str = Field("", max_length=1000)
    not_done: str = Field("", max_length=1000)


class Item(Part):
    """A checklist item. `cues` are phrases likely to be near it; they help find evidence, never to mark.

    weight: points for it; below 0 what it costs when it is done. partly: the share of them that partly done is worth.
    note: whether it is judged from the candidate's note.
    """

    id: Name
    text: Text
    domain: Name
    weight: float = Field(1.0, ge=-100, le=100, strict=True, allow_inf_nan=False)
    partly: float = Field(0.5, ge=0, le=1, strict=True, allow_inf_nan=False)
    critical: Flag = False
    note: Flag = False
    anchors: Anchors = Anchors()
    cues: tuple[Text, ...] = Field((), max_length=20)

    @field_validator("weight")
    @classmethod
    def _counts(cls, weight: float) -> float:
        if weight == 0:
            raise ValueError("must not be 0: more than 0 for what is worth points, below 0 for what costs them")
        return weight


class GlobalRating(Part):
    """The holistic grade, with what each grade looks like at this station."""

    text: Text = "Overall, how did this candidate perform at this station?"
    anchors: dict[Grade, Text] = Field(default_factory=dict)


class RatingItem(Part):
    """A question of the SP's form, answered on `points` steps from `low` (1) to `high` (`points`)."""

    id: Name
    text: Text
    low: Text
    high: Text
    points: int = Field(5, ge=2, le=10, strict=True)


class MarkSheet(Part):
    """The rubric. `domains` (id → title) are those of `station.yaml`; a rest station has no items."""

    items: tuple[Item, ...] = Field((), max_length=100)
    domains: dict[Name, Text] = Field(default_factory=dict)
    global_rating: GlobalRating = GlobalRating()
    sp_rating: tuple[RatingItem, ...] = Field((), max_length=20)


class NoteField(Part):
    """A field of the post-encounter note."""

    id: Name
    label: Text
    hint: str = Field("", max_length=1000)
    required: Flag = False


class NoteForm(Part):
    """The post-encounter note, in the order in which it is written."""

    fields: tuple[NoteField, ...] = Field(min_length=1, max_length=20)


class StimulusEntry(Part):
    """A stimulus as `station.yaml` names it.

    `file` lies in `stimuli/`; `shown` may be a second of the encounter.
    """

    id: Name
    title: Text
    file: Text
    alt: Text
    shown: Literal["start", "on-request"] | Annotated[int, Field(ge=0, le=7200, strict=True)] = "on-request"


class Stimulus(StimulusEntry):
    """A stimulus whose file was looked into."""

    media_type: str


class Line(Part):
    """One turn of a rehearsal; `pause_s` is the silence after it, in seconds."""

    speaker: Literal["candidate", "sp"]
    text: Text
    pause_s: float = Field(0.4, ge=0, le=30, strict=True, allow_inf_nan=False)


class Rehearsal(Part):
    """A dialogue that synthetic people speak at this station."""

    lines: tuple[Line, ...] = Field(min_length=2, max_length=400)


class StationFile(Part):
    """`station.yaml`. `vocabulary` is given to Whisper: it comes from the case, never from the mark sheet.

    `candidates`: how many meet the patient together, 1 or (an interprofessional station) 2; each is marked apart.
    """

    title: Text
    rest: Flag = False
    candidates: int = Field(1, ge=1, le=2, strict=True)
    specialty: str = Field("", max_length=200)
    domains: dict[Name, Text] = Field(default_factory=dict)
    blueprint: tuple[Text, ...] = Field((), max_length=40)
    timings: Timings = Timings()
    licence: str = Field("", max_length=200)
    author: str = Field("", max_length=200)
    vocabulary: tuple[Text, ...] = Field((), max_length=200)
    stimuli: tuple[StimulusEntry, ...] = Field((), max_length=40)


class StationVersion(Part):
    """An immutable revision of a station. `hash` is the SHA-256 (hex) of the folder's content."""

    slug: Name
    title: Text
    hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    rest: bool
    candidates: int = 1
    specialty: str
    domains: dict[Name, Text]
    timings: Timings
    blueprint: tuple[Text, ...]
    licence: str
    author: str
    vocabulary: tuple[Text, ...]
    door_note: str
    sp_script: tuple[ScriptPart, ...]
    mark_sheet: MarkSheet
    note: NoteForm | None
    stimuli: tuple[Stimulus, ...]
    rehearsal: Rehearsal | None
