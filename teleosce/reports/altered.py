"""Whether decision runs still say what they said when they were made: the audit log has a hash of each."""

import json

from teleosce.core.db import Database
from teleosce.people import People
from teleosce.reports import store_results
from teleosce.reports.store_results import Seal


async def altered_runs(
    database: Database, people: People, exam_id: str, run_id: str | None = None
) -> list[tuple[str, str]]:
    """Decision runs that do not say any more what the audit log has of them, of all or one: each with a sentence.

    Of runs that were made before the log kept a hash of them, it tells whether they are there, under their number and
    with the marks that they rest on.
    """
    # In this order: a run that is made meanwhile is in the log before it is looked for, and is there when it is missed.
    async with database.read() as connection:
        there = await store_results.seals(connection, exam_id, run_id)
    rows = [row for row in await people.audit_about(exam_id) if row["action"] == "results.run"]
    kept = {detail["run"]: detail for row in rows if (detail := json.loads(row["detail"]))}
    async with database.read() as connection:
        still = set((await store_results.numbers(connection, exam_id)).values())
    found = [
        (one, f"Decision run {detail['number']} was made, and is gone.")
        for one, detail in kept.items()
        if one not in still and run_id in (None, one)
    ]
    for one, seal in there.items():
        if one not in kept:
            found.append((one, f"The audit log knows nothing of decision run {seal.number}."))
        elif seal.says is None:
            found.append((one, f"Decision run {seal.number} cannot be read."))
        elif not _as_made(seal, kept[one]):
            found.append((one, f"Decision run {seal.number} was changed after it was made."))
    return found


def _as_made(seal: Seal, kept: dict[str, str | int]) -> bool:
    return (
        seal.number == kept["number"]
        and seal.inputs == seal.inputs_hash == kept["inputs"]
        and seal.says == kept.get("says", seal.says)
    )
