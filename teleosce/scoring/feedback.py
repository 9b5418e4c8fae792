"""What an exam lets candidates see of released results: `feedback:` in `exam.yaml`, on the page, in the database."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.rules_table import Kept


class FeedbackRules(BaseModel):
    """What stands beside the result. Result, totals, stations and domains are always shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    comments: bool = Field(True, description="What examiners wrote for the stations and their items.")
    sp_comments: bool = Field(True, description="What the standardized patients wrote, and how they rated.")
    cohort: bool = Field(True, description="Where the others stand: quartiles, from ten candidates on.")
    items: Literal["shown", "domains-only"] = Field(
        "shown", description="Whether the texts of items are told, or the names of their domains alone."
    )
    transcript: bool = Field(False, description="What was said at the moments that examiners pointed at.")
    recording: bool = Field(False, description="Whether these moments can be played.")


KeptFeedbackRules = Kept[FeedbackRules]
