"""Second marks, differences, and settling them, on a real database."""

from collections import Counter
from dataclasses import replace

import pytest
from form_world import LAYOUT, change

from teleosce.core.errors import Conflict, Invalid
from teleosce.exams import Encounter, Outcome, Phase, Timings
from teleosce.scoring import Dispute, Form, Kind, Markers, MarkingRules, Record, State, Status, discrepancies
from teleosce.scoring.doubling import by_share, near_cut, second_marker
from teleosce.scoring.records import record_of, settle

RULES = MarkingRules()
ALL_DONE = {"item.opens": "done", "item.red-flags": "done", "item.safety-net": "done", "global": "good"}


def form(author: str, kind: Kind = Kind.mark, state: State = State.submitted, **more: str) -> Form:
    values = ALL_DONE | {name.replace("__", ".").replace("_", "-"): value for name, value in more.items()}
    return Form(f"{author}-form", kind, "e", author, state, 1, 5, values)


def encounter(number: int, position: int = 1, circuit: str = "A", examiner: str = "x") -> Encounter:
    return Encounter(
        id=f"{number:026}",
        slot_id=f"s{number}",
        exam_id="exam",
        attempt=1,
        phase=Phase.done,
        phase_started_ms=0,
        phase_ends_ms=None,
        outcome=Outcome.completed,
        position=position,
        rotation=number,
        circuit=circuit,
        station_hash="a" * 64,
        candidate=f"c{number}",
        sp="sp",
        examiner=examiner,
        timings=Timings(0, 1, 0, 0, 0),
    )


def exam(circuits: int = 2, stations: int = 5, rotations: int = 12) -> list[Encounter]:
    return [
        encounter((c * stations + p) * 100 + r, p + 1, "AB"[c], f"ex{c}{p}")
        for c in range(circuits)
        for p in range(stations)
        for r in range(rotations)
    ]


def test_a_difference_that_reaches_a_limit_is_a_dispute() -> None:
    # red-flags weighs 3 of 6: half of it is 25 points.
    found = discrepancies(form("a"), form("b", item__red_flags="partly"), LAYOUT, RULES)
    assert (found.points, found.grades, found.items, found.critical) == (25.0, 0, ("red-flags",), ("red-flags",))
    assert found.disputes == (Dispute.points, Dispute.critical)
    opens = discrepancies(form("a"), form("b", item__opens="partly"), LAYOUT, RULES)  # 1/12: 8.3 points
    assert opens.items == ("opens",)
    assert not opens.disputed
    steps = discrepancies(form("a"), form("b", **{"global": "borderline"}), LAYOUT, RULES)
    assert (steps.grades, steps.disputes) == (2, (Dispute.grades,))
    one_step = discrepancies(form("a"), form("b", **{"global": "pass"}), LAYOUT, RULES)
    assert not one_step.disputed


def test_exactly_the_limit_counts_and_no_rule_means_no_dispute() -> None:
    rules = MarkingRules(discrepancy_points=25.0, discrepancy_critical=False)
    assert discrepancies(form("a"), form("b", item__red_flags="partly"), LAYOUT, rules).disputes == (Dispute.points,)
    none = MarkingRules(discrepancy_points=None, discrepancy_grades=None, discrepancy_critical=False)
    assert not discrepancies(
        form("a"), form("b", item__red_flags="not_done", **{"global": "fail"}), LAYOUT, none
    ).disputed


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 1.0])
def test_a_share_is_spread_over_stations_and_examiners(share: float) -> None:
    encounters = exam()
    first = {one.id: one.examiner or "" for one in encounters}
    chosen = by_share(encounters, first, set(), share)
    assert len(chosen) == round(len(encounters) * share)
    per_place = Counter((one.position, one.examiner) for one in encounters if one.id in chosen)
    groups = {(one.position, one.examiner) for one in encounters}
    counts = [per_place[group] for group in groups]
    assert max(counts) - min(counts) <= 1
    assert by_share(list(reversed(encounters)), first, set(), share) == chosen
    assert by_share(encounters, first, chosen, share) == set()


def test_an_encounter_that_goes_moves_few_others() -> None:
    encounters = exam()
    first = {one.id: one.examiner or "" for one in encounters}
    chosen = by_share(encounters, first, set(), 0.25)
    gone = [replace(one, outcome=Outcome.void) if one.rotation % 100 == 3 else one for one in encounters]
    again = by_share(gone, first, chosen, 0.25)
    assert len(again) <= 5
    assert not {one.id for one in gone if one.outcome is Outcome.void} & again


def test_the_second_was_not_there_and_the_work_is_shared() -> None:
    places = {"a": {("A", 1)}, "b": {("B", 1)}, "c": {("A", 2)}}
    one = encounter(1)
    assert second_marker(one, "a", ["a", "b", "c"], places, {}) == "b"
    assert second_marker(one, "a", ["a", "b", "c"], places, {"b": 1}) == "c"
    assert second_marker(one, "x", ["a", "x"], places, {"a": 9}) == "a", (
        "somebody of that station is better than nobody"
    )
    assert second_marker(one, "a", ["a"], places, {}) is None
    load: Counter[str] = Counter()
    for each in exam():
        seat = second_marker(each, each.examiner or "", [f"ex{c}{p}" for c in range(2) for p in range(5)], {}, load)
        assert seat not in (None, each.examiner)
        load[str(seat)] += 1
    assert max(load.values()) - min(load.values()) <= 2


def test_near_the_cut_is_by_points() -> None:
    rules = MarkingRules(double_near_cut=5.0, provisional_cut=60.0)
    assert [near_cut(percent, rules) for percent in (54.9, 55.0, 60.0, 65.0, 65.1, None)] == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]
    assert not near_cut(60.0, RULES)


def record(markers: Markers, *forms: Form) -> Record:
    return record_of("e", markers, forms, LAYOUT, RULES)


def test_what_counts_of_an_encounters_marks() -> None:
    one, two = Markers("a"), Markers("a", "b")
    assert record(one).status is Status.unmarked
    assert record(one, form("a", state=State.draft)).status is Status.unmarked
    assert record(one, form("a", state=State.amending)).status is Status.unmarked
    alone = record(one, form("a"), form("z", item__opens="not_done"))
    assert (alone.status, alone.parents, alone.value("item.opens"), alone.total(LAYOUT)) == (
        Status.single,
        ("a-form",),
        "done",
        100.0,
    )
    assert record(two, form("a")).status is Status.second_missing
    close = record(two, form("a"), form("b", item__opens="partly"))
    assert (close.status, close.value("item.opens")) == (Status.confirmed, "done")
    assert close.fields["item.opens"].forms == ("a-form",)
    assert close.fields["global"].forms == ("a-form", "b-form")
    far = record(two, form("a"), form("b", item__red_flags="not_done"))
    assert (far.status, far.fields) == (Status.disputed, {})


def test_a_settlement_says_where_each_value_comes_from() -> None:
    first, second = form("a"), form("b", item__red_flags="not_done", item__opens="partly", **{"global": "fail"})
    open_settlement = Form("m-form", Kind.settlement, "e", "m", State.draft, 1, 1, {})
    with pytest.raises(Invalid) as refused:
        settle(open_settlement, first, second, LAYOUT)
    assert refused.value.details == {"missing": ["item.opens", "item.red-flags", "global"], "reasons": []}
    chosen = {"item.opens": "done", "item.red-flags": "not_done", "global": "pass"}
    fields = dict(chosen)
    with pytest.raises(Invalid) as refused:
        settle(replace(open_settlement, values=fields), first, second, LAYOUT)
    assert refused.value.details == {"missing": [], "reasons": ["global"]}
    fields["reason.global"] = "Safe, though unpolished."
    written = settle(replace(open_settlement, values=fields), first, second, LAYOUT)
    done = replace(open_settlement, state=State.submitted, values=fields | written)
    found = record(Markers("a", "b", "m"), first, second, done)
    assert (found.status, found.settlement, found.parents) == (Status.settled, "m-form", ("a-form", "b-form"))
    assert found.fields["item.opens"].forms == ("a-form",)
    assert found.fields["item.red-flags"].forms == ("b-form",)
    assert found.fields["item.safety-net"].forms == ("a-form", "b-form")
    assert (found.fields["global"].forms, found.fields["global"].reason) == ((), "Safe, though unpolished.")
    assert not found.outdated
    amended = replace(second, state=State.amended, state_ms=9)
    assert record(Markers("a", "b", "m"), first, amended, done).outdated
    assert record(Markers("a", "b", "n"), first, second, done).status is Status.disputed, "another moderator has it now"
    with pytest.raises(Conflict):
        settle(done, first, None, LAYOUT)


def test_a_settlement_holds_what_a_mark_does_and_reasons() -> None:
    from teleosce.scoring.fields import check

    check(
        Kind.settlement,
        LAYOUT,
        [change("item.opens", "done"), change("reason.item.opens", "why"), change("reason.global", "w")],
    )
    for field in (
        "sources",
        "parents",
        "evidence.opens.x",
        "reason",
        "reason.comment",
        "reason.item.nothing",
        "reason.x.opens",
    ):
        with pytest.raises(Invalid):
            check(Kind.settlement, LAYOUT, [change(field, "done")])
