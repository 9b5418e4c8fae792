"""How a person likes their desk: keys, layout, speed. No part of any mark; it follows them from device to device."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.scoring import store_desk

ActionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,23}$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=4)]


class DeskSettings(BaseModel):
    """What a desk comes with, unless somebody chose otherwise.

    keys: by the name of an action (web/static/js/desk/keymap.js), the key that was chosen for it. speed: of play, where
    1 is as it was. evidence: whether what was found for the items is shown.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    keys: dict[ActionName, Key] = Field(default_factory=dict, max_length=60)
    layout: Literal["large", "two", "sound"] = "large"
    contrast: bool = False
    speed: float = Field(default=1, ge=0.5, le=2)
    skipping: bool = False
    evidence: bool = True


class Desks:
    """The settings of all desks, by whose they are: a seat's id, or an account's."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def settings(self, owner_id: str) -> DeskSettings:
        """What the person chose; the defaults for who never did."""
        async with self._database.read() as connection:
            found = await store_desk.settings(connection, owner_id)
        return DeskSettings.model_validate(found or {})

    async def keep(self, owner_id: str, settings: DeskSettings) -> None:
        """Keeps the settings in place of those before: the last device that changed something is right."""
        async with self._database.write() as connection:
            await store_desk.keep(connection, owner_id, settings.model_dump(mode="json"), self._clock.now_ms())
