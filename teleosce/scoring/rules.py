"""How an exam is marked: one document, the same in `exam.yaml` (`marking:`), on the page and in the database."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.rules_table import Kept

Share = Annotated[float, Field(ge=0, le=1)]
Points = Annotated[float, Field(ge=0, le=100)]


class MarkingRules(BaseModel):
    """The rules of an exam. An exam for which none were set has the defaults.

    Points are those of the station's percentage, 0 to 100 (`Forms.total`). A rule that is null is not applied.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence: Literal["always", "after", "never"] = Field(
        "always", description="When the desk shows what was found for an item; after: once it is marked."
    )
    large_model: bool = Field(
        False, description="Whether the large language model of the settings is asked too: it is sent what was said."
    )
    hide_total: bool = Field(True, description="Whether the total stays hidden until the global rating stands.")
    double_share: Share = Field(0.0, description="The share of encounters that get a blind second marking.")
    double_near_cut: Points | None = Field(
        None, description="So near to the cut, in points, a first mark gets its encounter a second one."
    )
    provisional_cut: Points = Field(50.0, description="The cut, in per cent, while no other is known.")
    discrepancy_points: Annotated[float, Field(gt=0, le=100)] | None = Field(
        10.0, description="From so many points of difference on, two marks are in dispute."
    )
    discrepancy_grades: Annotated[int, Field(ge=1, le=4)] | None = Field(
        2, description="From so many steps between the global ratings on, two marks are in dispute."
    )
    discrepancy_critical: bool = Field(True, description="Whether a critical item marked differently is a dispute.")
    calibration_encounters: int = Field(
        0, ge=0, le=50, description="How many references an examiner marks before the worklist opens."
    )
    calibration_agreement: Share = Field(0.0, description="The share of items that must agree in these.")
    reels: bool = Field(False, description="Whether reels for teaching may be cut, where there is consent.")


KeptRules = Kept[MarkingRules]
