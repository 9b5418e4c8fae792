"""What is found for the items of a mark sheet, by HTTP: who may see it when, and what is kept of it."""

from typing import Any

import pytest

from teleosce.core.ids import new_id
from teleosce.transcripts import store
from teleosce.transcripts.models import HeardWord
from teleosce.transcripts.reading import Reader
from teleosce.transcripts.turns import utterances
from tests.web.house import Client, House

pytestmark = pytest.mark.speech

TALK = (
    ("candidate", "Hello, I'm Doctor Ada One. Who am I speaking to?"),
    ("sp", "Her mum, Sarah."),
    ("candidate", "Can you show her to me with the camera? Is she awake?"),
    ("sp", "Here she is, a bit sleepy."),
    ("candidate", "How many wet nappies has she had since this morning?"),
    ("sp", "Two, and she ramble a little milk."),
    ("candidate", "I want to see her in the surgery today. How would you get here, do you have a car?"),
    ("sp", "No, I would need a lift."),
)


async def transcribed(house: House, encounter: str) -> None:
    rooms, found = house.rooms, await house.rooms.exams.encounter(encounter)
    seats = {"candidate": found.candidate or "", "sp": found.sp or ""}
    await rooms.transcripts.request(encounter, {seat: role for role, seat in seats.items()}, [], found.exam_id)
    words: dict[str, list[HeardWord]] = {seat: [] for seat in seats.values()}
    for number, (role, text) in enumerate(TALK):
        for at, word in enumerate(text.split()):
            at_ms = number * 8_000 + at * 300
            words[seats[role]].append(HeardWord(word, at_ms, at_ms + 250, 0.9))
    async with rooms.database.write() as connection:
        [job] = [job for job in await store.unfinished(connection) if job.encounter_id == encounter]
        await store.change(connection, job, model="tiny.en")
        await store.publish(connection, job, utterances(words), 1)


async def opened(house: House) -> tuple[str, Client, str]:
    """An encounter that is over, its examiner, and their sheet."""
    encounter = await house.encounter_of("candidate")
    await house.begin(encounter, "changeover")
    examiner = await house.client("examiner")
    form = await examiner.json("GET", f"/api/encounters/{encounter}/forms/mark")
    return encounter, examiner, form["id"]


async def rule(house: House, evidence: str) -> None:
    kept = await house.rooms.marking.kept_rules(house.exam.exam_id)
    rules = kept.rules.model_copy(update={"evidence": evidence})
    await house.rooms.marking.set_rules(house.exam.exam_id, rules, kept.version)


async def marked(examiner: Client, form: str, field: str, value: Any, version: int = 0) -> None:
    change = {"change_id": new_id(), "field": field, "value": value, "base_version": version}
    await examiner.json("POST", f"/api/forms/{form}/changes", {"changes": [change]})


async def test_moments_are_found_and_what_was_shown_is_kept(house: House) -> None:
    encounter = await house.encounter_of("candidate")
    await house.begin(encounter, "changeover")
    examiner = await house.client("examiner")
    path = f"/api/encounters/{encounter}/evidence"
    assert "Open yours first" in (await examiner.json("GET", path))["message"]
    for role in ("candidate", "sp"):
        await (await house.client(role)).refused(403, "GET", path)

    form = (await examiner.json("GET", f"/api/encounters/{encounter}/forms/mark"))["id"]
    assert (await examiner.json("GET", path))["state"] == "waiting"
    await transcribed(house, encounter)
    reading = await examiner.json("GET", path)
    assert (reading["state"], reading["items"]) == ("waiting", {})
    assert "looked through" in reading["message"]
    assert await Reader(house.rooms.database).read_one()

    found = await examiner.json("GET", path)
    assert (found["state"], found["rule"]) == ("ready", "always")
    best = found["items"]["fluids"][0]
    assert best["quote"] == "How many wet nappies has she had since this morning?"
    assert (best["answer"], best["answer_role"], best["from_ms"]) == (
        "Two, and she ramble a little milk.",
        "sp",
        32_000,
    )
    assert best["strength"] in {"strong", "some"}
    assert found["items"].keys() >= {"fluids", "transport", "immunisation"}
    assert "strong" not in {moment["strength"] for moment in found["items"]["immunisation"]}

    # A correction is read at once, also before the worker has read it for its meaning.
    transcript = await house.rooms.transcripts.get(encounter)
    assert transcript
    word = next(word for turn in transcript.turns for word in turn.words if word.text == "ramble")
    await examiner.json("POST", f"/api/transcripts/words/{word.id}", {"text": "drank"})
    again = await examiner.json("GET", path)
    assert again["items"]["fluids"][0]["answer"] == "Two, and she drank a little milk."

    shown = (await house.rooms.forms.history(form)).shown
    fluids = [one for one in shown if one.item == "fluids"]
    assert len(fluids) == 1  # the same moments were not kept twice
    assert fluids[0].method == found["method"]
    assert [moment["from_ms"] for moment in fluids[0].moments] == [m["from_ms"] for m in found["items"]["fluids"]]
    assert "nappies" not in str(shown)
    fields = (await house.rooms.forms.form(form)).fields
    assert fields == {}  # nothing is ever pre-marked


async def test_after_means_after_ones_own_mark_and_never_for_nobody(house: House) -> None:
    encounter, examiner, form = await opened(house)
    await transcribed(house, encounter)
    await Reader(house.rooms.database).read_one()
    await rule(house, "after")
    path = f"/api/encounters/{encounter}/evidence"
    assert (await examiner.json("GET", path))["items"] == {}
    await marked(examiner, form, "item.fluids", "partly")
    await marked(examiner, form, "comment.worry", "not an item's mark")
    found = await examiner.json("GET", path)
    assert (found["rule"], list(found["items"])) == ("after", ["fluids"])
    assert {one.item for one in (await house.rooms.forms.history(form)).shown} == {"fluids"}
    await marked(examiner, form, "item.fluids", None, 1)
    assert (await examiner.json("GET", path))["items"] == {}
    # Who runs the exam reads along and has no mark to give.
    organiser = await house.client("organiser")
    assert "transport" in (await organiser.json("GET", path))["items"]

    await rule(house, "never")
    for client in (examiner, organiser):
        found = await client.json("GET", path)
        assert (found["state"], found["items"]) == ("never", {})
        assert found["message"]


async def test_without_weights_it_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    encounter, examiner, _form = await opened(house)
    await transcribed(house, encounter)
    monkeypatch.setattr("teleosce.transcripts.meaning.KNOWN", {"no_such_package/model.onnx": "0" * 64})
    found = await examiner.json("GET", f"/api/encounters/{encounter}/evidence")
    assert found["state"] == "none"
    assert "pip install" in found["message"]
