from pathlib import Path

import pytest
from pydantic import TypeAdapter
from transcript_world import CANDIDATE, PATIENT, Voices, silence, write_take

from teleosce.core.errors import NotFound
from teleosce.core.settings import Settings
from teleosce.transcripts import Transcript
from teleosce.transcripts.command import Form, transcribe, written

pytestmark = pytest.mark.speech


def test_files_outside_any_exam_are_written_down(tmp_path: Path, voices: Voices) -> None:
    files = [tmp_path / "doctor.webm", tmp_path / "patient.webm"]
    write_take(files[0], [(0, voices.say(CANDIDATE, "Can you show me where the pain is?"))])
    write_take(files[1], [(4_000, voices.say(PATIENT, "It goes down my left arm.")), (6_500, silence(1))])
    said: list[str] = []
    settings = Settings(data=tmp_path / "data", whisper_model="base")
    transcribe(files, settings, form=Form.json, hints=["aspirin"], write=said.append)

    transcript = TypeAdapter(Transcript).validate_json(said[0])
    assert (transcript.model, transcript.hints) == ("base", ("aspirin",))
    lines = written(transcript, Form.text).splitlines()
    assert lines[0].startswith("[00:00] Doctor: Can you show me where the pain is")
    assert lines[1].startswith("[00:04] Patient: It goes down my left arm")
    assert "<v Doctor>Can you show" in written(transcript, Form.vtt)


def test_a_missing_file_is_named_before_anything_is_heard(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nowhere\.webm"):
        transcribe([tmp_path / "nowhere.webm"], Settings(data=tmp_path))
