import re

from teleosce.transcripts import Transcript, Turn, Word
from teleosce.transcripts.vtt import webvtt

CUE = re.compile(r"(\d\d+:\d\d:\d\d\.\d{3}) --> (\d\d+:\d\d:\d\d\.\d{3})\n<v ([^>\n]+)>([^\n]+)")


def turn(role: str, starts_ms: int, ends_ms: int, *said: str, corrected: str | None = None) -> Turn:
    words = tuple(Word(f"w{n}", text, starts_ms, ends_ms, 0.9, corrected) for n, text in enumerate(said))
    return Turn("t", role, role, starts_ms, ends_ms, words)


def cues(*turns: Turn) -> list[tuple[str, ...]]:
    """Parsed as the specification says: blocks between blank lines, after the signature."""
    head, *blocks = webvtt(Transcript("e", "tiny.en", (), turns)).rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    found = [CUE.fullmatch(block) for block in blocks]
    assert all(found)
    return [cue.groups() for cue in found if cue]


def test_each_turn_is_a_cue_with_its_speaker() -> None:
    assert cues(turn("candidate", 0, 1_500, "Good", "morning."), turn("sp", 3_661_002, 3_662_000, "Hello.")) == [
        ("00:00:00.000", "00:00:01.500", "Candidate", "Good morning."),
        ("01:01:01.002", "01:01:02.000", "Standardized patient", "Hello."),
    ]


def test_what_would_be_markup_is_text() -> None:
    [(_, _, _, text)] = cues(turn("sp", 0, 900, "<b>", "&", "-->"))
    assert text == "&lt;b&gt; &amp; --&gt;"


def test_corrections_are_shown_and_struck_out_turns_are_not() -> None:
    shown = turn("sp", 0, 900, "ramble", corrected="ramipril")
    assert [cue[3] for cue in cues(shown, turn("sp", 1_000, 1_500, "um", corrected=""))] == ["ramipril"]


def test_a_cue_of_no_length_still_ends_after_it_begins() -> None:
    assert cues(turn("sp", 5, 5, "No."))[0][:2] == ("00:00:00.005", "00:00:00.006")
