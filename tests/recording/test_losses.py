from teleosce.recording import Gap, Manifest, Take, TakeState, lost_spans
from teleosce.recording.models import SoundFacts

START = 1_000_000


def take(from_s: int, to_s: int, gaps: list[Gap] | None = None, *, sound: bool = True) -> Take:
    return Take(
        id=f"t{from_s}", encounter_id="e", participant_id="c", name="C", state=TakeState.sealed,
        starts_ms=START + 1000 * from_s, duration_ms=1000 * (to_s - from_s), gaps=gaps or [],
        audio=SoundFacts(packets=1, filled_ms=0, slips=0) if sound else None,
    )  # fmt: skip


def lost(*takes: Take) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    made = Manifest(encounter_id="e", starts_ms=START, duration_ms=0, takes=list(takes), tools={}, sealed_ms=0)
    within = (START, START + 60_000)
    audio, video = lost_spans(made, "c", within)
    seconds = [[((one - START) // 1000, (two - START) // 1000) for one, two in spans] for spans in (audio, video)]
    return seconds[0], seconds[1]


def test_what_no_take_covers_is_lost():
    assert lost(take(2, 20), take(25, 70)) == ([(0, 2), (20, 25)], [(0, 2), (20, 25)])
    assert lost() == ([(0, 60)], [(0, 60)])


def test_gaps_are_lost_and_what_was_switched_off_is_not():
    gaps = [
        Gap(kind="line", from_ms=10_000, to_ms=14_000),
        Gap(kind="loss", from_ms=20_000, to_ms=21_000, track="audio"),
        Gap(kind="pause", from_ms=30_000, to_ms=40_000, track="video"),
    ]
    assert lost(take(0, 60, gaps)) == ([(10, 14), (20, 21)], [(10, 14)])


def test_a_take_without_sound_has_none():
    assert lost(take(0, 60, sound=False)) == ([(0, 60)], [])
