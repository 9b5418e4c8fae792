"""Facts to verdicts: what is within its bounds is a go, and each thing that is not stands against it."""

import io
import json

import pytest
from rich.console import Console

from teleosce.rehearsal.facts import Facts, Kill, Outage, Person, Take
from teleosce.rehearsal.judge import is_go, judge, missing_s, percentile
from teleosce.rehearsal.report import as_html, as_json, show
from teleosce.rehearsal.words import error_rate, plain


def good() -> Facts:
    people = [
        Person(session=1, role=role, seat=role, troubles=[], page_s=0.2, join_s=0.4) for role in ("candidate", "sp")
    ]
    takes = [
        Take(
            id=role, session=1, role=role, seat=role, number=1, state="sealed", span=(0.0, 60.0),
            sound=(0.1, 60.0), picture=(0.3, 60.0), beeps_expected=58, beeps_found=58, offsets=[0.008] * 20,
        )
        for role in ("candidate", "sp")
    ]  # fmt: skip
    return Facts(
        version="1", server="http://localhost", station="a-station", began_ms=0, sessions=1, seconds=60.0, troubles=[],
        machine={}, people=people, takes=takes, marks_acknowledged=10, breaches=[],
    )  # fmt: skip


def against(facts):
    return [one.what for one in judge(facts) if one.go is False]


def test_all_well_is_a_go():
    assert against(good()) == []
    assert is_go(judge(good()))


def test_a_machine_that_is_too_busy_is_said_to_be():
    facts = good()
    for waited, told in ((0.02, "for at most 0.02 s"), (2.5, "too busy, and what is late may be its fault")):
        facts.kept_waiting_s = waited
        assert told in next(one.found for one in judge(facts) if one.what.startswith("This machine kept"))
        assert is_go(judge(facts))


def test_nobody_writes_where_every_examiner_speaks():
    facts = good()
    facts.marks_acknowledged = 0
    assert against(facts) == ["Examiners' remarks that are there"]
    facts.writers = 0
    assert against(facts) == []


def late(facts):
    facts.people[0].join_s = 3.4


def absent(facts):
    facts.people[0].join_s = None


def beepless(facts):
    facts.takes[0].beeps_found = 57


def out_of_step(facts):
    facts.takes[0].offsets = [0.09] * 20


def unsealed(facts):
    facts.takes[0].state = "quarantined"


def short(facts):
    facts.takes[0].sound = (1.2, 60.0)


def holed(facts):
    facts.takes[0].gaps = [("disk", "audio", 10.0, 11.5)]


def forgotten(facts):
    facts.marks_missing = 1


def breached(facts):
    facts.breaches = ["a file has another hash"]


def unlucky(facts):
    facts.mishaps = ["somebody lost their connection"]


def never_back(facts):
    facts.people[0].troubles = ["drop=20@15:candidate"]
    facts.people[0].outages = [Outage(why="drop", at_s=15, back_s=None)]


def slowly_back(facts):
    facts.kills = [Kill(at_s=20, up_s=4, back=[5.0, 10.4], lost=[0.1])]


def lossy_kill(facts):
    facts.kills = [Kill(at_s=20, up_s=4, back=[5.0, 6.0], lost=[0.1, 0.8])]


def unheard(facts):
    facts.people[0].troubles = ["silent:candidate"]
    facts.people[0].alarms = [("silent", 14.0)]


FAILURES = [
    (late, "From the bell to sound and picture"), (absent, "People in the call after the first bell"),
    (beepless, "Beeps in the recordings"), (out_of_step, "Sound and picture apart"),
    (unsealed, "Recordings sealed, encounters done"), (short, "Most of anybody's sound that is missing"),
    (holed, "Most of anybody's sound that is missing"), (forgotten, "Examiners' remarks that are there"),
    (breached, "Breaches found in the data folder"), (unlucky, "What else went wrong"),
    (never_back, "Back after “drop”"), (slowly_back, "Back after the server was killed"),
    (lossy_kill, "Lost of each track at a kill"), (unheard, "Alarm for “silent”"),
]  # fmt: skip


@pytest.mark.parametrize(("break_it", "what"), FAILURES, ids=[one.__name__ for one, _ in FAILURES])
def test_each_failure_stands_against_it(break_it, what):
    facts = good()
    break_it(facts)
    assert against(facts) == [what]


@pytest.mark.parametrize(("loss", "found", "go"), [(5, 99, True), (5, 98, False), (10, 95, True), (20, 84, False)])
def test_beeps_are_judged_by_the_loss_that_was_given(loss, found, go):
    facts = good()
    facts.people[0].troubles = [f"loss={loss}:candidate"]
    facts.takes[0].beeps_expected, facts.takes[0].beeps_found = 100, found
    assert is_go(judge(facts)) is go


def test_sound_in_two_takes_that_overlap_counts_once():
    facts = good()
    facts.takes[1].seat = "candidate"
    facts.takes[0].sound, facts.takes[1].sound = (0.0, 30.0), (25.0, 50.0)
    assert missing_s(facts, "candidate") == pytest.approx(10.0)


def test_percentiles_are_of_the_nearest_rank():
    assert percentile(list(range(1, 101)), 0.95) == 95
    assert percentile([3.0], 0.5) == 3.0


def test_the_report_says_the_same_in_all_its_forms():
    facts = good()
    facts.mishaps = ["<b>it broke</b>"]
    console = Console(record=True, width=100, file=io.StringIO())
    show(facts, console)
    text, page, data = console.export_text(), as_html(facts), as_json(facts)
    assert "NO-GO: What else went wrong." in text
    assert "NO-GO: What else went wrong." in page
    assert data["go"] is False
    assert "<b>it broke" not in page
    assert json.loads(json.dumps(data))["facts"]["mishaps"] == facts.mishaps


def test_words_are_compared_as_they_sound():
    assert plain("Forty-two minutes, Mister Doyle’s pain.") == ["42", "minutes", "mr", "doyle's", "pain"]
    assert plain("nineteen sixty-eight") == ["19", "68"]
    assert error_rate(plain("chew one aspirin"), plain("Chew 1 aspirin!")) == 0
    assert error_rate(["a", "b", "x", "d"], ["a", "b", "c", "d"]) == 0.25
    assert error_rate([], ["a", "b"]) == 1
