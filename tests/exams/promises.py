"""What must be true of a day at every moment, said of plain database rows."""

import bisect
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

Row = dict[str, Any]

ORDER = ("waiting", "reading", "encounter", "note", "changeover", "done")
RUNNING = ORDER[1:-1]
ENTERED = {"begun", "clock", "ended-early", "voided", "no-show", "stopped"}
"""Why a phase is entered. All other lines of the log leave the encounter in its phase."""
OUT_OF_ORDER = {"voided", "no-show", "stopped"}


def people(row: Row) -> list[str]:
    if row["joins"]:
        return []  # they are among those of the room that it joins
    return [seat for seat in (row["candidate"], row["sp"], *json.loads(row["extra"])) if seat]


def check_people(rows: Iterable[Row]) -> None:
    held = Counter(seat for row in rows if row["phase"] in RUNNING for seat in people(row))
    assert all(count == 1 for count in held.values()), "somebody is in two rooms"


def check_together(rows: Mapping[str, Row]) -> None:
    """Who joins another's encounter has its clock, until theirs alone is done."""
    for row in rows.values():
        if row["joins"] and row["phase"] != "done":
            shared = ("phase", "phase_started_ms", "phase_ends_ms", "paused_ms", "rotation")
            assert [row[name] for name in shared] == [rows[row["joins"]][name] for name in shared], (
                "two clocks in a room"
            )


def check_rings(rows: Iterable[Row], circuits: Mapping[str, Row]) -> None:
    rows = list(rows)
    for name, circuit in circuits.items():
        mine = [row for row in rows if row["circuit"] == name]
        if circuit["state"] == "finished":
            assert all(row["phase"] == "done" for row in mine), "a finished circuit leaves somebody behind"
        if circuit["state"] not in ("running", "paused", "stopping"):
            continue
        ring = [row for row in mine if row["phase"] in RUNNING and row["rotation"] == circuit["rotation"]]
        if circuit["state"] == "paused":
            assert all(row["paused_ms"] is not None for row in ring), "a clock runs in a paused circuit"
        waiting = [row for row in ring if row["phase"] == "changeover" and row["paused_ms"] is None]
        ends = {row["phase_ends_ms"] for row in waiting}
        assert len(ends) <= 1, "the ring turns at two times"
        if ends == {None}:
            assert any(row["paused_ms"] is not None for row in ring), "nobody knows when the ring turns"
        for row in waiting:
            timings = json.loads(row["timings"])
            own_ms = row["phase_started_ms"] + 1000 * timings["changeover_s"]
            assert row["phase_ends_ms"] is None or row["phase_ends_ms"] >= own_ms, "a changeover was cut short"


def check_encounter(before: Row | None, now: Row, log: Sequence[Row], looked: Sequence[int] | None) -> None:
    """looked: when the clock looked; None when it was set back, and times cannot be compared."""
    if before is not None:
        assert ORDER.index(now["phase"]) >= ORDER.index(before["phase"]), "a phase went back"
        for name in ("slot_id", "attempt", "timings", "station_hash"):
            assert now.get(name) == before.get(name), "an attempt was overwritten"
        if before["phase"] == "done":
            changed = {name for name in now if now[name] != before[name]}
            assert not changed or (changed == {"outcome"} and now["outcome"] == "void"), "a finished attempt changed"
    assert (now["outcome"] is not None) == (now["phase"] == "done")
    assert now["paused_ms"] is None or now["phase"] in RUNNING
    check_log(now, log)
    if looked is not None:
        check_times(now, log, looked)


def check_log(now: Row, log: Sequence[Row]) -> None:
    """Each transition stands in the log, once, and it ends where the encounter stands."""
    assert log[0]["phase"] == "waiting"
    assert (log[-1]["phase"], log[-1]["ends_ms"]) == (now["phase"], now["phase_ends_ms"]), "the log ends elsewhere"
    timings = json.loads(now["timings"])
    for one, two in pairwise(log):
        if one["phase"] == two["phase"]:
            assert two["cause"] not in ENTERED - {"stopped", "voided"}, "a transition was doubled"
            continue
        assert two["cause"] in ENTERED, "a phase was entered without a reason"
        between = ORDER[ORDER.index(one["phase"]) + 1 : ORDER.index(two["phase"])]
        skipped = [phase for phase in between if timings[f"{phase}_s"]]
        assert not skipped or two["cause"] in OUT_OF_ORDER, "a transition was lost"


def check_times(now: Row, log: Sequence[Row], looked: Sequence[int]) -> None:
    """Each phase that the clock ended lasted for its plan, what was granted, and what was paused; and it ended when the
    clock first looked after that."""
    timings = json.loads(now["timings"])
    starts = [index for index, line in enumerate(log) if index == 0 or line["phase"] != log[index - 1]["phase"]]
    for start, end in pairwise(starts):
        phase, lines, over = log[start]["phase"], log[start:end], log[end]
        if phase not in RUNNING or over["cause"] != "clock":
            continue
        causes = {line["cause"] for line in lines}
        if "stopped" in causes:
            continue
        ends_ms = lines[-1]["ends_ms"]
        if phase != "changeover":
            planned_ms, since_ms = 1000 * timings[f"{phase}_s"], lines[0]["at_ms"]
            granted_ms = 0
            for line in lines[1:]:
                if line["cause"] == "restarted":
                    since_ms, granted_ms = line["at_ms"], 0
                elif line["cause"] == "time-added":
                    granted_ms += 1000 * int(line["detail"].removesuffix(" s"))
                elif line["cause"] == "resumed":
                    granted_ms += int(line["detail"].removesuffix(" ms"))
            # Who pauses, starts over and resumes has been paused since it started over.
            assert ends_ms - since_ms == planned_ms + granted_ms, f"the {phase} has another length"
        # A ring whose slowest encounter is voided may have been over for a while when that is said.
        due = bisect.bisect_left(looked, max(ends_ms, lines[-1]["at_ms"]))
        assert over["at_ms"] == looked[due], f"the {phase} did not end when it was due"
