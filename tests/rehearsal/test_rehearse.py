"""A small rehearsal against a real server: its facts, not its speed."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from teleosce.cli import app
from teleosce.core.errors import Invalid
from teleosce.people import Role
from teleosce.rehearsal.judge import missing_s
from teleosce.rehearsal.trouble import read_trouble
from teleosce.rehearse import Wanted, rehearse
from tests.web.house import house


@pytest.mark.faults
async def test_twelve_seconds_with_a_candidate_on_a_bad_line(tmp_path):
    """The candidate loses one packet in ten; the patient's line is good."""
    said = []
    wanted = Wanted(sessions=1, minutes=0.2, troubles=[read_trouble("loss=10")], data=tmp_path / "data", seed=1)
    facts = await rehearse(wanted, said.append)
    candidate, patient = facts.people
    assert (candidate.role, patient.role) == ("candidate", "sp")
    assert candidate.join_s is not None
    assert patient.join_s is not None
    assert candidate.packets.resent > 20
    assert candidate.packets.received_repaired > 20
    assert candidate.packets.sent_lost > patient.packets.sent_lost
    takes = {take.role: take for take in facts.takes}
    assert {take.state for take in facts.takes} == {"sealed"}
    for take in takes.values():
        assert take.beeps_expected >= 8
        assert take.beeps_found >= 0.9 * take.beeps_expected
    assert takes["sp"].beeps_found == takes["sp"].beeps_expected
    assert sum(abs(one) < 0.04 for one in takes["sp"].offsets) >= 8
    assert missing_s(facts, patient.seat) < 2
    assert facts.marks_acknowledged > 0
    assert facts.marks_missing == 0
    assert facts.breaches == []
    assert facts.unfinished == []
    assert facts.mishaps == []
    assert facts.usage.cpu_s > 0
    assert (tmp_path / "data" / "encounters").is_dir()


@pytest.mark.faults
async def test_a_server_that_runs_already_is_rehearsed_and_not_killed(tmp_path):
    async with house(tmp_path / "data") as running:
        people = running.rooms.people
        await people.add_account("o@school.org", "Olive", "a long enough password", Role.organiser)
        wanted = Wanted(1, 0.2, server=running.server.url, email="o@school.org", password="a long enough password")
        facts = await rehearse(wanted, lambda _: None)
        assert {take.state for take in facts.takes} == {"sealed"}
        assert all(take.beeps_found == take.beeps_expected >= 8 for take in facts.takes)
        assert facts.marks_acknowledged > 0
        assert (facts.marks_missing, facts.unfinished, facts.mishaps) == (0, [], [])
        assert [exam.title for exam in await running.rooms.exams.exams()].count("A small exam") == 1
        with pytest.raises(Invalid, match="leave --server out"):
            await rehearse(replace(wanted, troubles=[read_trouble("kill@5")]), lambda _: None)


def test_wrong_wishes_get_sentences(tmp_path):
    def refused(*flags):
        result = CliRunner().invoke(app, ["rehearse", *flags])
        assert result.exit_code != 0
        return str(result.exception) if result.exception and result.exit_code == 1 else result.output

    assert "There are: loss=5" in refused("--fault", "fire")
    assert "go together" in refused("--server", "http://localhost:1")
    assert "--data is for" in refused("--server", "http://x", "--organiser", "a@b", "--data", str(tmp_path))
    assert "There are: biopsy-result" in refused("--station", "nowhere")
    assert "comes too late" in refused("--fault", "reload@90", "--minutes", "1")
    (tmp_path / "teleosce.db").touch()
    assert "Rehearse in an empty folder" in refused("--data", str(tmp_path))
