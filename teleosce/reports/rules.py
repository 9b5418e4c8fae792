"""By which rule an exam's result is decided: one document, kept whole with each decision run."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from teleosce.core.rules_table import Kept

Percent = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Method = Literal[
    "borderline-regression", "borderline-group", "contrasting-groups", "cohen", "modified-cohen", "angoff", "fixed"
]


class Weights(BaseModel):
    """What each part has of a station's score. A part that a station does not have is left out of the sum."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checklist: float = Field(1.0, ge=0, le=100, description="The items that the examiner marks.")
    sp_rating: float = Field(0.0, ge=0, le=100, description="What the standardized patient says.")
    note: float | None = Field(
        None, ge=0, le=100, description="Items judged from the note; null: they count among the others."
    )

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.checklist + self.sp_rating + (self.note or 0):
            raise ValueError("one of the weights must be above 0")
        return self


class ResultRules(BaseModel):
    """How marks become a decision. Who reaches the line, or is above it, passes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Method = Field("borderline-regression", description="How each station's cut is found.")
    fixed_cut: Percent = Field(50.0, description="The cut of every station, for the method “fixed”, in percent.")
    panel_cuts: dict[str, Percent] = Field(
        default_factory=dict, description="A panel's cut for each station version, for the method “angoff”."
    )
    sems: float = Field(
        0.0, ge=0, le=3, description="Standard errors of measurement that the total must be above the pass mark."
    )
    stations: Share = Field(0.0, description="The share of the stations sat that must be passed as well.")
    critical: bool = Field(False, description="Whether failing a critical item fails the exam.")
    domains: dict[str, Percent] = Field(default_factory=dict, description="The least percent in each domain.")
    weights: Weights = Field(Weights(), description="What makes up a station's score.")
    station_weights: dict[str, Weights] = Field(
        default_factory=dict, description="The same for single stations, by the name of their folder."
    )
    examiners: Literal["record", "mean"] = Field(
        "record", description="Of two marks that do not differ by much the mark of record counts, or their mean."
    )
    missing_parts: Literal["leave-out", "no-score"] = Field(
        "leave-out", description="A station without one of its parts: the others count alone, or it has no score."
    )
    missing_stations: Literal["leave-out", "zero-if-absent", "undecided"] = Field(
        "leave-out",
        description="A station without a score is left out; or is 0 if the candidate was absent; or leaves the "
        "candidate undecided.",
    )

    @property
    def made_of(self) -> dict[str, object]:
        """What of the rules scores depend on; the rest is about decisions alone."""
        return self.model_dump(mode="json", include={"weights", "station_weights", "examiners", "missing_parts"})

    def weights_of(self, slug: str) -> Weights:
        """The weights of a station."""
        return self.station_weights.get(slug, self.weights)


KeptResultRules = Kept[ResultRules]
