import pytest
from exam_world import TIMINGS

from teleosce.exams import NEXT, RUNNING, Bell, Phase, Timings, following
from teleosce.exams.phases import boundary_bell, length_ms


def test_the_table_leads_from_waiting_to_done_through_every_phase():
    walked = [Phase.waiting]
    while walked[-1] in NEXT:
        walked.append(NEXT[walked[-1]])
    assert walked == list(Phase)
    assert tuple(walked[1:-1]) == RUNNING


def test_a_phase_of_no_length_is_passed_over():
    assert following(Phase.encounter, Timings(120, 480, 0, 60, 120)) is Phase.changeover
    assert following(Phase.encounter, Timings(120, 480, 0, 0, 120)) is Phase.done
    assert following(Phase.waiting, Timings(0, 480, 0, 0, 0)) is Phase.encounter
    assert following(Phase.waiting, Timings(0, 0, 0, 0, 0)) is Phase.done


def test_nothing_follows_done():
    with pytest.raises(KeyError):
        following(Phase.done, TIMINGS)


def test_lengths_are_milliseconds():
    assert length_ms(Phase.encounter, TIMINGS) == 480_000


@pytest.mark.parametrize(
    ("left", "entered", "bell"),
    [
        (Phase.waiting, Phase.reading, (Bell.start, Phase.reading)),
        (Phase.reading, Phase.encounter, (Bell.start, Phase.encounter)),
        (Phase.encounter, Phase.note, (Bell.end, Phase.encounter)),
        (Phase.note, Phase.changeover, (Bell.end, Phase.note)),
        (Phase.encounter, Phase.done, (Bell.end, Phase.encounter)),
        (Phase.changeover, Phase.done, None),
        (Phase.waiting, Phase.done, None),
    ],
)
def test_at_a_boundary_one_bell_rings(left: Phase, entered: Phase, bell: tuple[Bell, Phase] | None):
    assert boundary_bell(left, entered) == bell
