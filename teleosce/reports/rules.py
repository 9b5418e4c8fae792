"""By which rule an exam's result is decided: one document, kept whole with each decision run."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Percent = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Method = Literal[
    "borderline-regression", "borderline-group", "contrasting-groups", "cohen", "modified-cohen", "angoff", "fixed"
]


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
