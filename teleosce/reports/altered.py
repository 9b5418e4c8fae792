"""Whether decision runs still say what they said when they were made: the audit log has a hash of each."""

import json

from teleosce.core.db import Database
from teleosce.people import People
from teleosce.reports import store_results


async def altered_runs(database: Database, people: People, exam_id: str) -> list[tuple[str, str]]:
    """Decision runs that do not say any more what the audit log has of them: each with a sentence.

    Of runs that were made before the log kept a hash of them, it tells whether they are there.
    """
    rows = [row for row in await people.audit_about(exam_id) if row["action"] == "results.run"]
    kept = {detail["run"]: detail for row in rows if (detail := json.loads(row["detail"]))}
    try:
        async with database.read() as connection:
            there = await store_results.seals(connection, exam_id)
    except ValueError:
        return [(exam_id, "A decision run of this exam cannot be read.")]
    found = [(one, f"Decision run {kept[one]['number']} was made, and is gone.") for one in kept if one not in there]
    for one, (number, says) in there.items():
        if one not in kept:
            found.append((one, f"The audit log knows nothing of decision run {number}."))
        elif kept[one].get("says", says) != says:
            found.append((one, f"Decision run {number} was changed after it was made."))
    return found
