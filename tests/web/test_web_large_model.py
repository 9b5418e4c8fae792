"""A large language model that is asked for moments, behind a real address that answers well, badly, or not at all."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from teleosce.core.clock import AheadClock
from teleosce.transcripts.reading import Reader
from tests.web.house import Client, House
from tests.web.house import house as running_house
from tests.web.test_web_evidence import marked, opened, transcribed

pytestmark = pytest.mark.speech

KEY = "not-to-be-logged"
Answer = Callable[[str], web.Response]


class Endpoint:
    """An address that speaks as OpenAI's does. `answer` makes the reply of what the user's message says."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.answer: Answer = self.well

    async def complete(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        self.keys.append(request.headers.get("Authorization", ""))
        return self.answer(self.asked[-1]["messages"][1]["content"])

    @staticmethod
    def says(content: str) -> web.Response:
        return web.json_response({"choices": [{"message": {"role": "assistant", "content": content}}]})

    def well(self, user: str) -> web.Response:
        """The turn about nappies for fluids, and much that nobody asked for."""
        nappies, answer = (
            int(number)
            for who in ("Doctor: How many", "Patient: Two")
            for number in re.findall(rf"^(\d+) {who}", user, re.MULTILINE)
        )
        items = {"immunisation": [nappies, answer, 1, 999], "no-such-item": [1], "fluids": [nappies]}
        return self.says(f"```json\n{json.dumps({'items': items})}\n```")


@pytest.fixture
async def endpoint() -> AsyncIterator[tuple[Endpoint, str]]:
    made, app = Endpoint(), web.Application()
    app.router.add_post("/v1/chat/completions", made.complete)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield made, f"http://127.0.0.1:{port}/v1"
    await runner.cleanup()


async def allow(house: House) -> None:
    kept = await house.rooms.marking.kept_rules(house.exam.exam_id)
    rules = kept.rules.model_copy(update={"large_model": True})
    await house.rooms.marking.set_rules(house.exam.exam_id, rules, kept.version)


async def read(house: House) -> tuple[str, Client, str]:
    encounter, examiner, form = await opened(house)
    await transcribed(house, encounter)
    assert await Reader(house.rooms.database).read_one()
    return f"/api/encounters/{encounter}/evidence", examiner, form


async def settled(examiner: Client, path: str) -> dict[str, Any]:
    """The evidence once the model, which this look has asked, has answered or failed."""
    assert (await examiner.json("GET", path))["large_model"]["state"] == "asking"
    await asyncio.gather(*(one for one in asyncio.all_tasks() if one.get_name() == "large model"))
    return dict(await examiner.json("GET", path))


async def test_what_it_suggests_is_labelled_and_stands_behind_what_was_found(
    tmp_path: Path, endpoint: tuple[Endpoint, str], capfd: pytest.CaptureFixture[str]
) -> None:
    model, url = endpoint
    more = {"large_model_url": url, "large_model_name": "house-model", "large_model_key": KEY}
    async with running_house(tmp_path / "data", **more) as house:
        path, examiner, form = await read(house)
        alone = await examiner.json("GET", path)
        assert (alone["large_model"], model.asked) == (None, [])  # the exam does not allow it

        await allow(house)
        found = await settled(examiner, path)
        assert found["large_model"] == {"name": "house-model", "state": "ready", "message": ""}
        assert found["method"] == f"{alone['method']}+house-model"
        assert found["items"].keys() == alone["items"].keys()
        assert found["items"]["fluids"] == alone["items"]["fluids"]  # found here already, so it is not said twice
        before = len(alone["items"]["immunisation"])
        assert found["items"]["immunisation"][:before] == alone["items"]["immunisation"]
        known = {one["quote"] for one in alone["items"]["immunisation"]}
        added = found["items"]["immunisation"][before:]
        assert {one["strength"] for one in added} <= {"suggested"}
        # Of what it named, turn 1 and the one about nappies are the doctor's; the others are a patient's, or are not.
        named = {
            "How many wet nappies has she had since this morning?",
            "Hello, I'm Doctor Ada One.",
        }
        assert {one["quote"] for one in added} == named - known
        assert added

        await examiner.json("GET", path)
        assert len(model.asked) == 1  # once for these words
        assert model.keys == [f"Bearer {KEY}"]
        sent = json.dumps(model.asked)
        assert "Ben Two" not in sent
        assert (await house.rooms.forms.form(form)).fields == {}  # nothing is ever pre-marked
        shown = (await house.rooms.forms.history(form)).shown
        assert {one.method for one in shown} == {alone["method"], found["method"]}
        await marked(examiner, form, "item.fluids", "done")
    said = "".join(capfd.readouterr())
    assert KEY not in said
    assert "nappies" not in said


BAD: list[tuple[Answer, str]] = [
    (lambda _: web.Response(status=503, text="busy"), "HTTP 503"),
    (lambda _: Endpoint.says("I would rather talk about the weather."), "not what was asked for"),
    (lambda _: Endpoint.says('{"items": {"fluids": "the third"}}'), "not what was asked for"),
    (lambda _: web.Response(text="<html>"), "could not be reached"),
    (lambda _: web.Response(body=b" " * (2 << 20)), "too long"),
    (lambda _: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), "HTTP 302"),
]


async def test_without_an_answer_the_desk_works_as_before_and_asks_again_later(
    tmp_path: Path, endpoint: tuple[Endpoint, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, url = endpoint
    async with running_house(tmp_path / "data", large_model_url=url, large_model_name="house-model") as house:
        clock = AheadClock()
        monkeypatch.setattr(house.rooms.large_model, "_clock", clock)
        path, examiner, _form = await read(house)
        alone = await examiner.json("GET", path)
        await allow(house)
        for number, (answer, why) in enumerate(BAD, 1):
            model.answer = answer
            found = await settled(examiner, path)
            assert found["large_model"]["state"] == "failed"
            assert why in found["large_model"]["message"]
            assert found["items"] == alone["items"]
            await examiner.json("GET", path)
            assert len(model.asked) == number  # not again and again
            clock.skip(600)
        model.answer = model.well
        assert (await settled(examiner, path))["large_model"]["state"] == "ready"
