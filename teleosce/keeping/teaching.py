"""Whose recordings may be shown for teaching: where the exam's rules let it, and everybody in them has agreed to it."""

from collections.abc import Awaitable, Callable, Collection

from teleosce.exams import Encounter, Phase
from teleosce.people import People
from teleosce.recording import Recordings

Allowed = Callable[[str], Awaitable[bool]]
"""Whether an exam's rules let reels be cut of it."""


class Teaching:
    """Answers by the last answer of each person, and by the rules as they are now."""

    def __init__(self, people: People, recordings: Recordings, allowed: Allowed) -> None:
        self._people, self._recordings, self._allowed = people, recordings, allowed

    async def refused(self, encounters: Collection[Encounter]) -> dict[str, str]:
        """Those of many that may not be shown, each with the reason in a sentence, by the people of their slots."""
        rules = {exam_id: await self._allowed(exam_id) for exam_id in {one.exam_id for one in encounters}}
        agreed = await self._people.allow_training({seat for one in encounters for seat in one.people})
        found = {one.id: _reason(one, agreed, rules=rules[one.exam_id]) for one in encounters}
        return {encounter_id: why for encounter_id, why in found.items() if why}

    async def why_not(self, encounter: Encounter) -> str | None:
        """Why one may not be shown, None when it may: everybody who was recorded in it is asked after."""
        found = await self.refused([encounter])
        if found:
            return found[encounter.id]
        manifest = await self._recordings.manifest(encounter.id)
        if manifest is None:
            return "Its recording is not sealed."
        recorded = {take.participant_id for take in manifest.takes if take.file}
        if not recorded:
            return "There is no recording of it any more."
        if not recorded <= await self._people.allow_training(recorded):
            return "Somebody who is seen or heard in it has not agreed to teaching."
        return None


def _reason(encounter: Encounter, agreed: Collection[str], *, rules: bool) -> str | None:
    if not rules:
        return "The exam’s rules allow no teaching reels."
    if encounter.phase is not Phase.done:
        return "The encounter is not over."
    if encounter.candidate not in agreed:
        return "The candidate has not agreed to teaching."
    if encounter.sp is not None and encounter.sp not in agreed:
        return "The standardized patient has not agreed to teaching."
    if not set(encounter.people) <= set(agreed):
        return "Somebody who took part in it has not agreed to teaching."
    return None
