"""A whole day: what each page is told is compared with the timetable, and all of it runs against a real server."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from teleosce.cli import app
from teleosce.core.errors import Invalid
from teleosce.core.settings import STATIONS, Settings
from teleosce.exams import Timings
from teleosce.planning import Visit
from teleosce.rehearsal.chronicle import Chronicle
from teleosce.rehearsal.course import Course, Pace, Stop, read_seconds
from teleosce.rehearsal.facts import Boundary, DayFacts, Facts, Person, Session, Take
from teleosce.rehearsal.judge import is_go, judge
from teleosce.rehearsal.report import as_html, as_json
from teleosce.rehearsal.tag import tag_in, tag_of, tagged
from teleosce.rehearsal.tracks import encode_opus
from teleosce.rehearsal.trouble import read_trouble
from teleosce.rehearsal.voices import RATE
from teleosce.rehearse_day import WantedDay, rehearse_day

PLAN = """
title: Miniature
starts: 2027-03-02 09:00
stations: [chest-pain-video, low-mood]
circuits: [A]
candidates: [{name: Ann Ames, email: ann@example.org}, {name: Bob Bell, extra_percent: 25}]
"""


def planned(timings, *, pause=False):
    return Visit("A", 1, 1, "s", 0, "P", "E", False, pause, 0, 0, timings)


def test_lengths_are_divided_or_given_and_extra_time_stays():
    visit = planned(Timings(120, 480, 0, 60, 120))
    assert Pace(20).of(visit, 0) == Timings(6, 24, 0, 3, 6)
    assert Pace(1000).of(visit, 0) == Timings(1, 1, 0, 1, 0)
    assert Pace(20, read_seconds("reading=2,encounter=12,note=3")).of(visit, 25) == Timings(3, 15, 0, 60, 3)
    assert Pace(20, {"encounter": 12}).of(planned(Timings(0, 600, 0, 0, 0), pause=True), 0) == Timings(0, 10, 0, 0, 0)


@pytest.mark.parametrize("text", ["", "reading", "reading=0", "sleep=3", "encounter=1.5"])
def test_wrong_lengths_get_a_sentence(text):
    with pytest.raises(Invalid, match="is no length of a phase"):
        read_seconds(text)


# What pages are told


def course():
    timings = Timings(2, 6, 1, 1, 1)
    stops = [
        Stop(f"e{rotation}{at}", "A", rotation, at, False, f"c{(at + rotation) % 2}", f"p{at}", "x", timings)
        for rotation in (1, 2)
        for at in (1, 2)
    ]
    return Course("exam", "Miniature", (), tuple(stops), (("A",),))


def place(encounter, station, people, phase="reading", rotation=1):
    return {
        "encounter": {"id": encounter, "phase": phase, "phase_started_ms": 1000, "station": {"number": station}},
        "people": [{"seat": one} for one in people],
        "circuit": {"rotation": rotation},
    }


@pytest.fixture
def chronicle():
    return Chronicle(course(), {seat: seat for seat in ("c0", "c1", "p1", "p2", "x")})


def test_the_right_place_is_no_finding(chronicle):
    chronicle.told("c0", place("e11", 1, ["c0", "p1"]), True)
    chronicle.told("c0", place("e11", 1, ["c0", "p1"], "encounter"), False)
    chronicle.told("c0", {"encounter": None}, False)
    chronicle.told("c0", place("e22", 2, ["c0", "p2"], rotation=2), False)
    chronicle.met("c0", {"e11": {"p1"}}, {"e11": {tag_of("p1")}})
    assert chronicle.wrong == []
    assert chronicle.checked == 4
    assert chronicle.missing(["c0"]) == []


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (place("e12", 2, ["c1", "p2"]), "not theirs"),
        (place("elsewhere", 1, ["c0", "p1"]), "not theirs"),
        (place("e11", 2, ["c0", "p1"]), "told station 2, not 1"),
        (place("e11", 1, ["c0", "p2"]), "other people"),
        (place("e11", 1, ["c0", "p1"], rotation=2), "rotation 2 runs"),
        (place("e22", 2, ["c0", "p2"], rotation=2), "out of turn"),
    ],
)
def test_a_wrong_place_is_found(chronicle, told, says):
    chronicle.told("c0", told, False)
    assert [says in one for one in chronicle.wrong] == [True]


def test_another_voice_is_found_whatever_the_server_says(chronicle):
    chronicle.told("c0", place("e11", 1, ["c0", "p1"]), False)
    chronicle.met("c0", {"e11": {"p1"}}, {"e11": {tag_of("p1"), tag_of("p2")}})
    chronicle.met("c0", {"e11": {"p1"}}, {}, {"e11"})
    chronicle.met("p1", {"e11": {"c1"}}, {})
    said = ("heard somebody else", "heard nobody", "said to be with somebody else")
    assert [words in one for words, one in zip(said, chronicle.wrong, strict=True)] == [True] * 3
    assert chronicle.missing(["c0"]) == ["c0 was never told of rotation 2"]


def test_pages_that_are_told_apart_are_found_but_for_those_that_were_away(chronicle):
    chronicle.told("c0", place("e11", 1, ["c0", "p1"]), False)
    chronicle.told("p1", place("e11", 1, ["c0", "p1"]), False)
    first, second = chronicle.news
    object.__setattr__(second, "at", first.at + 0.3)
    (found,) = chronicle.boundaries(0.0, {}, apart=True)
    assert (found.pages, found.phase, found.spread_ms) == (2, "reading", pytest.approx(300, abs=1))
    (found,) = chronicle.boundaries(0.0, {"p1": [(0.0, 1e12)]}, apart=False)
    assert (found.pages, found.spread_ms) == (1, 0)


def test_a_mark_is_in_the_sound_and_no_decoder_minds():
    import av
    import numpy as np

    samples = (np.random.default_rng(1).normal(0, 3000, RATE)).astype(np.int16)
    packets = encode_opus(samples)
    marked = [tagged(one, tag_of("seat")) for one in packets]
    assert {tag_in(one) for one in marked} == {tag_of("seat")}
    assert {tag_in(one) for one in packets} == {None}

    def decoded(some):
        decoder = av.CodecContext.create("libopus", "r")
        return np.concatenate([frame.to_ndarray() for one in some for frame in decoder.decode(av.Packet(one))], axis=1)

    assert np.array_equal(decoded(packets), decoded(marked))


# What is made of it


def good():
    people = [
        Person(session=1, role=role, seat=role, troubles=[], page_s=0.2, joins=[(1, 0.4)])
        for role in ("candidate", "sp")
    ]
    takes = [
        Take(id=role, session=1, role=role, seat=role, number=1, state="sealed", span=(0.0, 9.0), sound=(0.1, 9.0))
        for role in ("candidate", "sp")
    ]
    day = DayFacts(
        title="Day", circuits=["A"], stations=1, candidates=1, patients=1, others=1, at_once=1, planned=1, turned=1,
        sessions=[Session(number=1, circuit="A", rotation=1, position=1, candidate="candidate", sp="sp", seconds=9.0,
                          outcome="completed")],
        checked=10, transitions=5,
        boundaries=[Boundary(circuits="A", rotation=1, phase="reading", pages=2, spread_ms=20, late_ms=50)],
    )  # fmt: skip
    return Facts(
        version="1", server="http://localhost", station="s", began_ms=0, sessions=1, seconds=9.0, troubles=[],
        machine={}, people=people, takes=takes, marks_acknowledged=1, breaches=[], day=day,
    )  # fmt: skip


FAILURES = {
    "Rotations of all circuits completed": lambda facts: setattr(facts.day, "turned", 0),
    "Consultations held": lambda facts: facts.day.missed.append("rotation 1: missed"),
    "Encounters that are stuck": lambda facts: facts.day.stuck.append("rotation 1: note"),
    "People in the wrong place, room or company": lambda facts: facts.day.wrong.append("Candidate 1 was lost"),
    "Transitions lost or doubled": lambda facts: facts.day.log.append("rotation 1: went back"),
    "Pages apart at the beginning of a phase": lambda facts: setattr(facts.day.boundaries[0], "spread_ms", 251),
    "The last page after the server’s clock": lambda facts: setattr(facts.day.boundaries[0], "late_ms", 1001),
    "From the bell to sound and picture": lambda facts: facts.people[0].joins.append((2, 3.2)),
    "Most of anybody's sound that is missing": lambda facts: setattr(facts.takes[0], "sound", (1.2, 9.0)),
}


@pytest.mark.parametrize("what", FAILURES)
def test_each_failure_of_a_day_stands_against_it(what):
    facts = good()
    assert is_go(judge(facts))
    FAILURES[what](facts)
    assert [one.what for one in judge(facts) if one.go is False] == [what]


def test_a_days_report_is_written_in_all_forms():
    facts = good()
    page, data = as_html(facts), as_json(facts)
    assert "Beginnings of phases" in page
    assert "Candidate 1, Patient 1" in page
    assert json.loads(json.dumps(data))["go"] is True


def test_wrong_wishes_get_sentences(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "exam.yaml"
    file.write_text(PLAN)

    def refused(*flags):
        result = CliRunner().invoke(app, ["rehearse", *flags])
        assert result.exit_code != 0
        return str(result.exception) if result.exception and result.exit_code == 1 else result.output

    assert "for --exam" in refused("--compress", "5")
    assert "give one of them" in refused("--exam", str(file), "--compress", "5", "--phase-seconds", "note=1")
    assert "server of its own" in refused("--exam", str(file), "--server", "http://x", "--organiser", "a@b")
    for flag, value in (("sessions", "3"), ("minutes", "2"), ("station", "low-mood"), ("whisper-model", "base")):
        assert "leave --sessions" in refused("--exam", str(file), f"--{flag}", value)
    assert "no teleosce data" in refused("--exam", "An exam")
    assert "goes with a plan's file" in refused("--exam", "An exam", "--candidates", str(file))
    assert "there is no such rotation" in refused("--exam", str(file), "--fault", "reload@3/2")
    file.write_text(PLAN.replace("low-mood", "no-such-station"))
    assert "no-such-station" in refused("--exam", str(file))


# A day against a real server


def wanted(tmp_path, lengths, *troubles, seed=1, plan=PLAN, stations=STATIONS):
    file = tmp_path / "exam.yaml"
    file.write_text(plan)
    return WantedDay(
        exam=str(file),
        school=Settings(data=tmp_path / "school", stations=stations),
        pace=Pace(1, read_seconds(lengths)),
        picture="low",
        troubles=[read_trouble(one) for one in troubles],
        data=tmp_path / "data",
        seed=seed,
    )


def against(facts):
    """What stands against it, but for speed: this machine may be busy."""
    slow = (
        "From the bell",
        "Pages apart",
        "The last page",
        "Back after",
        "Most of anybody's",
        "Beeps",
        "Sound and picture apart",
    )
    return [f"{one.what}: {one.found}" for one in judge(facts) if one.go is False and not one.what.startswith(slow)]


@pytest.mark.faults
async def test_a_miniature_day(tmp_path):
    facts = await rehearse_day(wanted(tmp_path, "reading=2,encounter=5,note=1,changeover=1"), lambda _: None)
    assert against(facts) == []
    assert (facts.day.turned, len(facts.day.sessions), facts.day.transitions) == (2, 4, 20)
    assert {phase.phase for phase in facts.day.boundaries} == {"reading", "encounter", "note", "changeover"}
    assert facts.day.checked >= 4 * 8 + 4 * 2  # phases told, and voices heard
    assert all(len(one.joins) == 2 for one in facts.people)
    assert not (tmp_path / "school").exists()
    assert b"Ann Ames" not in (tmp_path / "data" / "teleosce.db").read_bytes()


@pytest.mark.faults
async def test_a_day_with_a_reload_a_cut_line_and_a_killed_server(tmp_path):
    asked = wanted(
        tmp_path, "reading=2,encounter=12,note=2,changeover=2", "reload@3:1", "drop=3s@5:1", "kill@2/4", seed=3
    )
    facts = await rehearse_day(asked, lambda _: None)
    assert against(facts) == []
    assert (facts.day.turned, facts.day.transitions) == (2, 20)
    assert [one.why for person in facts.people for one in person.outages if one.back_s is not None]
    assert len(facts.kills) == 1
    assert None not in facts.kills[0].back


@pytest.mark.faults
async def test_an_examiner_who_speaks_is_played_too(tmp_path):
    viva = PLAN.replace("[chest-pain-video, low-mood]", "[{station: chest-pain-video, examiner_speaks: true}, rest]")
    asked = wanted(tmp_path, "reading=3,encounter=6,note=1,changeover=2", plan=viva)
    facts = await rehearse_day(asked, lambda _: None)
    assert against(facts) == []
    assert (facts.day.turned, len(facts.day.sessions)) == (2, 2)
    assert {one.role for one in facts.people} == {"candidate", "sp"}


@pytest.mark.faults
async def test_two_candidates_at_once_are_played_and_one_who_is_alone_there(tmp_path):
    folder = tmp_path / "stations"
    for name, here in (("ward-round", "chest-pain-video"), ("rest", "rest"), ("low-mood", "low-mood")):
        shutil.copytree(STATIONS / here, folder / name)
    file = folder / "ward-round" / "station.yaml"
    file.write_text(file.read_text().replace("title: Chest pain on a video call", "title: Ward round\ncandidates: 2"))
    plan = PLAN.replace("[chest-pain-video, low-mood]", "[ward-round, rest, low-mood]")
    plan = plan.replace("extra_percent: 25}", "}, {name: Cy Cole}").replace("Bell, ", "Bell")
    asked = wanted(tmp_path, "reading=2,encounter=12,note=1,changeover=1", plan=plan, stations=folder)
    facts = await rehearse_day(asked, lambda _: None)
    assert against(facts) == []
    at_ward = [one for one in facts.day.sessions if one.position == 1]
    assert sorted(one.second is not None for one in at_ward) == [False, True]
    assert facts.day.candidates == 3
    (both,) = (one for one in at_ward if one.second is not None)
    takes = [one for one in facts.takes if one.session == both.number]
    assert {one.seat for one in takes} == {both.candidate, both.second, both.sp}
    assert all(one.sound[1] - one.sound[0] > 8 for one in takes)
    assert "Candidate 2, Patient 1" in as_html(facts)
