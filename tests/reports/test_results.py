"""Decision runs on a real database: kept for good, compared, released and withdrawn."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text, update

from teleosce import __version__
from teleosce.core.clock import AheadClock, Clock
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.ids import new_id
from teleosce.exams import Decision, Incident, IncidentKind, Outcome, Phase, Timings, store_ledger
from teleosce.exams.store_tables import encounters
from teleosce.people import Principal, Role
from teleosce.reports import ResultRules, Results, altered_runs, store_analysis, store_results
from teleosce.reports.analyses import Analyses
from teleosce.reports.basis import Basis
from teleosce.reports.exports.levels import tables_of
from teleosce.reports.exports.material import material_of
from teleosce.reports.runs import digest
from teleosce.reports.store_analysis import Kept
from teleosce.scoring import AssignmentKind, Change, Kind, layout_of
from teleosce.stations import read
from tests.reports.results_house import GRADES, STATION, House, apart, decided
from tests.reports.results_house import house as house  # noqa: PLC0414 a fixture


async def test_a_run_is_kept_as_it_was_whatever_is_marked_later(house: House) -> None:
    with pytest.raises(Invalid, match="No mark that counts"):
        await decided(house)
    for number in range(7):
        await house.mark(number, 4 + 2 * number, GRADES[min(number, 4)])
    first = await decided(house)
    assert first.number == 1
    own = first.found["candidates"]
    assert set(own) == {one.id for one in house.candidates}
    assert own[house.candidates[7].id]["passed"] is None
    assert own[house.candidates[6].id]["passed"] is True
    assert own[house.candidates[0].id]["passed"] is False
    assert own[house.candidates[0].id]["failed_by"] == ["total"]

    await house.amend(0)
    await house.mark(0, len(house.items), "excellent")
    second = await decided(house)
    assert second.inputs_hash != first.inputs_hash
    assert await house.results.one(first.id) == first
    runs = await house.results.runs(house.exam_id)
    assert [run.number for run in runs] == [1, 2]
    assert await house.results.heads(house.exam_id) == [run.head for run in runs]
    assert (runs[0].head.marks, runs[0].head.said) == (7, "6 of 7 candidates pass (86 %); 1 more is not decided.")
    assert await house.results.numbered(house.exam_id) == runs[1]
    assert await house.results.numbered(house.exam_id, 1) == runs[0]
    changed = {one.candidate: one for one in await house.results.differences(first.id, second.id)}
    assert changed[house.candidates[0].id].before is False
    assert changed[house.candidates[0].id].after is True
    # The line moved with the mark, but nobody else's total did.
    assert all(one.total_before == one.total_after for name, one in changed.items() if name != house.candidates[0].id)


async def test_an_amendment_under_way_is_missing_and_not_the_old_mark(house: House) -> None:
    for number in range(4):
        await house.mark(number, 5 + number, GRADES[number])
    await house.amend(3)
    cohort = await house.results.cohort(house.exam_id)
    whys = {one.candidate: one.why for one in cohort.missing}
    assert whys[house.candidates[3].id] == "The encounter is not over yet."
    assert whys[house.candidates[7].id] == "The encounter is not over yet."


async def test_a_run_is_of_the_time_before_its_marks_were_read(house: House) -> None:
    await house.mark(0, 8, "pass")
    clock, read_ms = AheadClock(), []

    async def aside(exam_id: str, rules: ResultRules) -> Basis:
        read_ms.append(clock.now_ms())
        clock.skip(1)
        return Basis(rules, records=records)

    records = (await house.results.basis(house.exam_id)).records
    results = Results(house.database, clock, house.sources, aside)
    run = await results.run(house.exam_id, ResultRules(method="fixed"), house.organiser)
    assert run.at_ms <= read_ms[0]


async def test_a_mark_that_comes_in_while_the_others_are_read_stops_the_decision(house: House) -> None:
    await house.mark(0, 8, "pass")
    loop = asyncio.get_running_loop()

    async def aside(exam_id: str, rules: ResultRules) -> Basis:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(house.mark(1, 8, "pass"), loop))
        return Basis(rules, records=records)

    records = (await house.results.basis(house.exam_id)).records
    results, rules = Results(house.database, Clock(), house.sources, aside), ResultRules(method="fixed")
    seen = await results.stamp(house.exam_id)
    with pytest.raises(Conflict, match="nothing was decided"):
        await results.run(house.exam_id, rules, house.organiser, seen)
    assert await results.runs(house.exam_id) == []
    assert (await decided(house, method="fixed")).number == 1


async def test_marks_are_read_once_for_all_who_look_until_one_changes(house: House) -> None:
    await house.mark(0, 8, "pass")
    analyses = Analyses(house.results, house.database, Clock())
    (stamp, first), (_, second) = await asyncio.gather(*(analyses.cohort(house.exam_id) for _ in range(2)))
    assert first is second
    await house.mark(1, 8, "pass")
    changed, third = await analyses.cohort(house.exam_id)
    assert changed != stamp
    assert len(third.long_score) == 2


async def test_an_analysis_that_was_kept_before_its_figures_changed_is_not_current(house: House) -> None:
    await house.mark(0, 8, "pass")
    rules, analyses = ResultRules(), Analyses(house.results, house.database, Clock())
    async with house.database.write() as connection:
        stamp = await store_analysis.stamp(connection, house.exam_id)
        # As releases before the number of the shape wrote it.
        former = digest([__version__, stamp, rules.model_dump(mode="json")])
        await store_analysis.keep(connection, Kept(house.exam_id, former, {}, 1))
    assert not (await analyses.look(house.exam_id, rules)).current
    await analyses.wait(house.exam_id)
    look = await analyses.look(house.exam_id, rules)
    assert look.kept
    assert look.current
    assert "sound" in look.kept.found
    # Who looks again does not read megabytes again.
    assert (await analyses.look(house.exam_id, rules)).kept is look.kept


async def test_a_run_that_was_changed_or_taken_away_in_the_database_is_noticed(house: House) -> None:
    await house.mark(0, 8, "pass")
    first, second = [await decided(house, method="fixed", fixed_cut=cut) for cut in (40, 50)]

    async def altered(*statements: str) -> list[tuple[str, str]]:
        async with house.database.write() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        return await altered_runs(house.database, house.sources.people, house.exam_id)

    assert await altered() == []
    one = f"WHERE id = '{first.id}'"
    changed = [(first.id, "Decision run 1 was changed after it was made.")]
    passed, failed = (f"'\"passed\": {said}'" for said in ("true", "false"))
    assert await altered(f"UPDATE decision_run SET found = replace(found, {failed}, {passed}) {one}") == changed
    assert await altered(f"UPDATE decision_run SET found = replace(found, {passed}, {failed}) {one}") == []
    assert await altered(f"UPDATE decision_run SET rules = replace(rules, '40.0', '45.0') {one}") == changed
    unread = (first.id, "Decision run 1 cannot be read.")
    assert await altered(f"UPDATE decision_run SET found = 'x' {one}") == [unread]
    # One that cannot be read hides nothing that was done to another.
    other = (second.id, "Decision run 2 was changed after it was made.")
    assert await altered(f"UPDATE decision_run SET number = 3 WHERE id = '{second.id}'") == [
        unread,
        (second.id, "Decision run 3 was changed after it was made."),
    ]
    assert await altered("UPDATE decision_run SET number = 2 WHERE number = 3") == [unread]
    swapped = f"UPDATE decision_run SET inputs_hash = 'x' WHERE id = '{second.id}'"
    assert await altered(swapped) == [unread, other]
    assert await house.results.altered(house.exam_id, second.id) == dict([other])
    assert await altered(f"UPDATE decision_run SET inputs_hash = '{second.inputs_hash}' WHERE number = 2") == [unread]
    assert await altered(f"DELETE FROM decision_run {one}") == [(first.id, "Decision run 1 was made, and is gone.")]
    assert (await altered(f"UPDATE decision_run SET id = 'x' WHERE id = '{second.id}'"))[1:] == [
        (second.id, "Decision run 2 was made, and is gone."),
        ("x", "The audit log knows nothing of decision run 2."),
    ]


async def test_of_a_run_from_before_its_hash_was_kept_the_marks_are_known(house: House) -> None:
    await house.mark(0, 8, "pass")
    former = replace(await decided(house, method="fixed"), id=new_id())
    async with house.database.write() as connection:
        number = await store_results.add_run(connection, former)
        detail = {"run": former.id, "number": number, "inputs": former.inputs_hash}
        await house.people.record(house.organiser, "results.run", house.exam_id, detail, connection=connection)
    assert await house.results.altered(house.exam_id) == {}
    async with house.database.write() as connection:
        ((form, known),) = next(iter(former.inputs.values())).items()
        await connection.execute(
            text(f"UPDATE decision_run SET inputs = replace(inputs, '{known}', '{form}') WHERE number = 2")
        )
    assert await house.results.altered(house.exam_id) == {former.id: "Decision run 2 was changed after it was made."}


@pytest.mark.parametrize("logged", [True, False])
async def test_a_run_that_is_made_while_runs_are_looked_at_is_none_that_was_altered(
    house: House, monkeypatch: pytest.MonkeyPatch, *, logged: bool
) -> None:
    await house.mark(0, 8, "pass")
    await decided(house, method="fixed")
    log = house.people.audit_about

    async def slow(*ids: str) -> list[dict[str, Any]]:
        before = await log(*ids)
        await decided(house, method="fixed", fixed_cut=60)
        return await log(*ids) if logged else before

    monkeypatch.setattr(house.people, "audit_about", slow)
    assert await house.results.altered(house.exam_id) == {}


async def test_a_conjunctive_rule_and_a_fixed_line(house: House) -> None:
    for number in range(8):
        await house.mark(number, 16, GRADES[2])
    strict = await decided(house, method="fixed", fixed_cut=50, domains={"history": 100.0})
    assert {tuple(one["failed_by"]) for one in strict.found["candidates"].values()} <= {(), ("domain:history",)}
    plain = await decided(house)
    assert plain.found["stations"][0]["code"] == "same-rating"
    assert all(one["passed"] is None for one in plain.found["candidates"].values())


async def test_a_cut_is_one_of_the_sheet_only_where_the_sheet_makes_the_score(house: House) -> None:
    for number in range(8):
        await house.mark(number, 4 + number, GRADES[number % 5])
    stations, mixed = [house.station, "f" * 64], {"checklist": 1, "sp_rating": 1}

    async def by(version: int, **rules: object) -> dict[str, float]:
        asked = ResultRules.model_validate(rules)
        await house.results.set_rules(house.exam_id, asked, version, house.organiser)
        return await house.results.sheet_cuts(house.exam_id, stations)

    assert await by(0) == {}
    panel = {"method": "angoff", "panel_cuts": {house.station: 55}}
    assert await by(1, **panel) == {house.station: 55}
    assert await by(2, **panel, station_weights={"inhaler-technique": mixed}) == {}
    assert await by(3, **panel, station_weights={"chest-pain": mixed}) == {house.station: 55}
    # A run counts by its own rule, whatever the exam's is meanwhile.
    assert (await decided(house, method="fixed", fixed_cut=64, weights=mixed)).found["stations"][0]["cut"] == 64
    assert await by(4, **panel) == {}
    found = (await decided(house)).found["stations"][0]
    assert await by(5, weights=mixed) == {house.station: found["cut"]}
    assert await house.results.sheet_cuts(house.exam_id, []) == {}


async def test_a_rule_that_asks_for_what_there_is_not_decides_nothing(house: House) -> None:
    for number in range(8):
        await house.mark(number, 4 + number, GRADES[number % 5])
    with pytest.raises(Invalid, match="no-such-domain"):
        await decided(house, domains={"history": 50.0, "no-such-domain": 90})
    with pytest.raises(Invalid, match="not in this exam"):
        await decided(house, method="angoff", panel_cuts={"0" * 64: 50.0})
    with pytest.raises(Invalid, match="with one part there is none"):
        await decided(house, sems=1)
    lines = (await house.results.analysis(house.exam_id, ResultRules(sems=1)))["lines"]
    assert {one["code"] for one in lines} == {"few"}
    assert await house.results.runs(house.exam_id) == []
    assert (await decided(house)).found["sem"] is None


async def test_a_run_says_what_was_missing(house: House) -> None:
    for number in range(7):
        await house.mark(number, 4 + number, GRADES[number % 5])
    (missing,) = (await decided(house)).found["missing"]
    assert missing == {
        "candidate": house.candidates[7].id, "station": house.station, "why": "The encounter is not over yet.",
        "absent": False,
    }  # fmt: skip


async def test_a_rerun_that_waits_takes_nothing_from_a_completed_attempt(house: House) -> None:
    for number in range(8):
        await house.mark(number, 4 + number, GRADES[number % 5])
    (first,) = await house.exams.of_seat(house.candidates[0].id)
    await house.day.begin(first.id)
    done = await house.day.end_phase(first.id, Phase.encounter)
    assert done.outcome is Outcome.completed
    before = await house.results.cohort(house.exam_id)
    again = await house.day.rerun(first.id)
    assert again.attempt == 2
    cohort = await house.results.cohort(house.exam_id)
    assert cohort.scores.tolist() == before.scores.tolist()
    assert cohort.missing == ()


async def test_a_settlement_that_is_outdated_counts_and_is_told(house: House) -> None:
    moderator = await house.people.add_seat(house.exam_id, Role.moderator, "Mo")
    other = await house.people.add_seat(house.exam_id, Role.examiner, "Dr Other")
    (encounter,) = await house.exams.of_seat(house.candidates[0].id)
    await house.marking.assign(encounter.id, other.id, AssignmentKind.second)
    await house.mark(0, 3, "fail")
    await house.mark(0, len(house.items), "excellent", by=other)
    who = Principal(new_id(), Role.moderator, house.exam_id, moderator.id, None, "Mo")
    layout = layout_of(read(STATION))
    await house.marking.take(encounter.id, moderator.id, who)
    form = await house.forms.open(Kind.settlement, encounter.id, moderator.id)
    chosen = [Change(f"item.{one}", "done", 0, new_id()) for one in house.items]
    chosen += [Change("global", "good", 0, new_id())]
    chosen += [Change(f"reason.{one.field}", "seen in the recording", 0, new_id()) for one in chosen]
    await house.forms.save(form.id, chosen, moderator.id, layout)
    await house.marking.settle(form.id, moderator.id, who)
    assert (await house.results.cohort(house.exam_id)).outdated == ()
    await house.amend(0)
    cohort = await house.results.cohort(house.exam_id)
    assert cohort.scores[0, 0] == 100
    assert [one.candidate for one in cohort.outdated] == [house.candidates[0].id]
    (told,) = (await decided(house, method="fixed")).found["outdated"]
    assert "amended after it was settled" in told["why"]


async def test_what_an_incident_decided_is_respected(house: House) -> None:
    for number in range(4):
        await house.mark(number, 4 + number, GRADES[number])
    encounters = [(await house.exams.of_seat(one.id))[0] for one in house.candidates]
    decided_as = {0: Decision.void, 1: Decision.rerun, 2: Decision.add_time, 3: Decision.none}
    async with house.database.write() as connection:
        for number, decision in decided_as.items():
            one = Incident(
                new_id(), house.exam_id, encounters[number].id, None, IncidentKind.server, 1, closed_ms=2,
                decision=decision, decided_ms=3,
            )  # fmt: skip
            await store_ledger.add(connection, one)
    cohort = await house.results.cohort(house.exam_id)
    assert np.isfinite(cohort.scores[:, 0]).tolist() == [False, False, True, True, False, False, False, False]
    whys = {one.candidate: one.why for one in cohort.missing}
    assert whys[house.candidates[0].id] == "This encounter is void."
    assert whys[house.candidates[1].id].startswith("It was decided to run this encounter again")


async def test_what_befell_a_room_for_two_stands_with_both_their_marks(house: House) -> None:
    for number in range(4):
        await house.mark(number, 4 + number, GRADES[number])
    (leads,), (joins,) = [await house.exams.of_seat(one.id) for one in house.candidates[:2]]
    one = Incident(new_id(), house.exam_id, leads.id, None, IncidentKind.server, 1, closed_ms=2, lost_audio_ms=12_000)
    async with house.database.write() as connection:
        await connection.execute(update(encounters).where(encounters.c.id == joins.id).values(joins=leads.id))
        await store_ledger.add(connection, one)
    run = await decided(house)
    for candidate in house.candidates[:2]:
        (station,) = (await house.results.unfold(run.id, candidate.id))["stations"]
        (found,) = [incident for attempt in station["attempts"] for incident in attempt["incidents"]]
        assert (found["kind"], found["lost_ms"], found["decision"]) == ("server", 12_000, None)


async def test_a_total_is_unfolded_to_its_key_presses_as_they_were(house: House) -> None:
    for number in range(8):
        await house.mark(number, 4 + number, GRADES[number % 5])
    run = await decided(house)
    candidate = house.candidates[0].id
    before = await house.results.unfold(run.id, candidate)
    assert before["total"] == run.found["candidates"][candidate]["total"]
    (station,) = before["stations"]
    assert station["score"] == pytest.approx(
        100 * sum(one["points"] for one in station["items"]) / sum(one["weight"] for one in station["items"])
    )
    assert [one["values"] for one in station["items"]][:5] == [["done"]] * 4 + [["not_done"]]
    assert all(
        len(one["changes"]) == 1 and one["changes"][0]["author_id"] == house.examiner.id for one in station["items"]
    )
    assert station["grade"]["values"] == ["fail"]
    (form,) = station["forms"]
    assert form["as_decided"]
    assert [one["state"] for one in form["steps"]] == ["submitted"]
    (attempt,) = station["attempts"]
    assert attempt["counts"]

    await house.amend(0)
    await house.mark(0, len(house.items), "excellent")
    assert await house.results.unfold(run.id, candidate) == before
    now = await house.results.unfold(house.exam_id, candidate)
    (station,) = now["stations"]
    assert station["score"] == 100
    assert [one["value"] for one in station["items"][-1]["changes"]] == ["not_done", "done"]
    assert station["forms"][0]["as_decided"]
    with pytest.raises(NotFound):
        await house.results.unfold(run.id, house.examiner.id)


async def test_domains_are_told_apart_by_their_keys(house: House, tmp_path: Path) -> None:
    await apart(house, tmp_path / "stations")
    for number in range(8):
        await house.mark(number, 4 + number, GRADES[number % 5])
    run = await decided(house, method="fixed")
    for own in (house.candidates[0].id, house.candidates[7].id):
        told = await house.results.unfold(run.id, own)
        assert told["domains"] == run.found["candidates"][own]["domains"]
        titles = told["domain_titles"]
        assert (titles["history"], titles["anamnesis"]) == ("History taking (history)", "History taking (anamnesis)")
        assert titles["communication"] == "Communication"


async def test_domains_have_one_name_each_in_whatever_is_written(house: House, tmp_path: Path) -> None:
    stations = await apart(house, tmp_path / "stations")
    for number in range(8):
        await house.mark(number, 4 + number, GRADES[number % 5])
    await decided(house, method="fixed", domains={"history": 100.0, "anamnesis": 100.0})
    known = await material_of(house.sources, house.results, house.exam_id, tmp_path)
    assert list(known.versions) == stations
    tables = {one.name: one for one in tables_of(known)}
    head = tables["domains"].head
    assert len(set(head)) == len(head)
    assert {"Communication", "History taking (history)", "History taking (anamnesis)"} < set(head)
    named = [row[tables["items"].head.index("domain")] for row in tables["items"].rows]
    assert set(named) == set(head[1:])
    failed = {row[tables["decisions"].head.index("failed_by")] for row in tables["decisions"].rows}
    assert "History taking (anamnesis) below its least percent" in "; ".join(map(str, failed))


async def test_the_rule_is_kept_and_a_change_after_marks_is_told(house: House) -> None:
    assert (await house.results.kept_rules(house.exam_id)).version == 0
    await house.results.set_rules(house.exam_id, ResultRules(method="fixed", fixed_cut=60), 0, house.organiser)
    await house.mark(0, 8, "pass")
    kept = await house.results.set_rules(house.exam_id, ResultRules(method="fixed", fixed_cut=10), 1, house.organiser)
    with pytest.raises(Conflict) as refused:
        await house.results.set_rules(house.exam_id, ResultRules(), 1, house.organiser)
    assert refused.value.details == {"rules": kept.rules.model_dump(mode="json"), "version": 2}
    run = await house.results.run(house.exam_id, None, house.organiser)
    assert run.rules == kept.rules
    assert run.found["candidates"][house.candidates[0].id]["needed"] == 10
    rows = [one for one in await house.people.audit_about(house.exam_id) if one["action"] == "results.rules"]
    told = [json.loads(one["detail"]) for one in rows]
    assert [(one["marks"], one["rules"]["fixed_cut"]) for one in told] == [(0, 60), (1, 10)]


async def test_the_command_says_what_the_marks_come_to(house: House, tmp_path: Path) -> None:
    for number in range(7):
        await house.mark(number, 4 + 2 * number, GRADES[min(number, 4)])

    def said(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "teleosce", "exam", "results", "Finals", "--data", str(tmp_path), *arguments],
            capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "120"},
        )  # fmt: skip
        return done.stdout

    text = await asyncio.to_thread(said)
    assert "7 candidates, 7 encounters with a mark that counts" in text
    assert "1 without: The encounter is not over yet." in text
    assert "with one part there is none" in text
    assert "Borderline regression" in text
    assert "there is only one" in text
    found = json.loads(await asyncio.to_thread(said, "--json"))
    assert found["lines"][0]["judged"] == 7


async def test_what_is_written_of_a_run_has_scores_by_its_rules(house: House, tmp_path: Path) -> None:
    await house.mark(0, 8, "pass")
    run = await decided(house, method="fixed", weights={"checklist": 1, "sp_rating": 1}, missing_parts="no-score")
    known = await material_of(house.sources, house.results, house.exam_id, tmp_path, run.number)
    assert run.found["candidates"][house.candidates[0].id]["scores"] == [None]
    assert np.isnan(known.cohort.scores[0, 0])


async def test_later_rounds_of_a_ring_are_one_circuit(house: House) -> None:
    late = await house.people.add_seat(house.exam_id, Role.candidate, "Late", "C99")
    await house.exams.add_slot(
        house.exam_id, position=1, rotation=40, circuit="A round 2", station_hash=house.station,
        timings=Timings(0, 480, 0, 0, 0), candidate=late.id, sp=None, examiner=house.examiner.id,
    )  # fmt: skip
    cohort = await house.results.cohort(house.exam_id)
    assert late.id in cohort.candidates
    assert set(cohort.circuits) == {"A"}
