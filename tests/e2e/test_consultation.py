"""A whole consultation between two browsers, judged by what it leaves: pictures, sound, files, words and marks."""

from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import expect

from tests.e2e.artefacts import decoded_seconds, rows, said, word_error_rate
from tests.e2e.browsers import SCRIPT, chromium, eventually, new_page
from tests.e2e.server import ServerProcess
from tests.e2e.stage import Stage


async def test_from_a_link_to_a_mark(server: ServerProcess, voices: dict[str, Path]) -> None:
    async with AsyncExitStack() as stack:
        stage = await Stage.build(stack, server, voices)
        await stage.begin()
        await stage.see_and_hear_each_other()
        # They take turns, as people do: two voices at once for half a minute is no consultation.
        await stage.patient.locator("#control-microphone").click()
        await stage.record(14)
        await stage.patient.locator("#control-microphone").click()
        await stage.candidate.locator("#control-microphone").click()
        await stage.record(14)
        await stage.press("End encounter")

        note = stage.candidate.locator("#note-form textarea").first
        await note.fill("Central chest pain for two hours, into the arm. Emergency call made.")
        await expect(stage.candidate.locator("#note-state")).to_contain_text("Saved")
        await stage.candidate.reload()
        await expect(note).to_have_value("Central chest pain for two hours, into the arm. Emergency call made.")
        for group in await stage.patient.locator("#rating-form fieldset").all():
            await group.locator("label").last.click()
        await expect(stage.patient.locator("#rating-state")).to_contain_text("Saved")
        await stage.patient.locator("#rating-submit").click()
        await stage.press("End note")
        await stage.press("End changeover")
        assert await eventually(lambda: _true(stage.phase() == "done"))

        manifest = await stage.sealed()
        assert {take["state"] for take in manifest["takes"]} == {"sealed"}
        assert len({take["participant_id"] for take in manifest["takes"]}) == 2
        for take in manifest["takes"]:
            picture, sound = decoded_seconds(server.data / "encounters" / stage.encounter_id / take["file"])
            assert picture > 20
            assert sound > 20

        encounter_id = stage.encounter_id
        heard = await eventually(lambda: _transcript(server, encounter_id), timeout=180)
        for role, stretches in heard.items():
            # A browser that is starved of processor time speaks slowly; what it said must be there all the same.
            assert sum(len(words) for words in stretches) > 10
            rate = word_error_rate(stretches, said(SCRIPT[role]))
            assert rate <= 0.25, (role, rate, stretches)
        await stage.mark_by_keyboard(stack)
        assert not stage.problems

    form = rows(server.data, "SELECT state FROM form WHERE kind = 'sp_rating' AND encounter_id = ?", encounter_id)
    assert form == [("submitted",)]


async def _true(value: bool) -> bool:
    return value


async def _transcript(server: ServerProcess, encounter_id: str) -> dict[str, list[list[str]]]:
    """What each role said, in stretches: a muted microphone, or a starved browser, makes a hole in the script."""
    state = rows(server.data, "SELECT state FROM transcripts WHERE encounter_id = ?", encounter_id)
    assert state != [("failed",)]
    if state != [("ready",)]:
        return {}
    found: dict[str, list[list[str]]] = {}
    ended_ms: dict[str, int] = {}
    query = "SELECT role, body, starts_ms, ends_ms FROM transcript_turns WHERE encounter_id = ? ORDER BY starts_ms"
    for role, text, starts_ms, ends_ms in rows(server.data, query, encounter_id):
        stretches = found.setdefault(role, [])
        if not stretches or starts_ms > ended_ms[role] + 2500:
            stretches.append([])
        stretches[-1].extend(said(text))
        ended_ms[role] = ends_ms
    return found


async def test_a_reload_and_a_killed_server_cost_no_more_than_their_gap(
    server: ServerProcess, voices: dict[str, Path]
) -> None:
    async with AsyncExitStack() as stack:
        stage = await Stage.build(stack, server, voices)
        await stage.begin()
        await stage.see_and_hear_each_other()
        await stage.record(4)
        await stage.candidate.reload()
        await stage.see_and_hear_each_other()
        await stage.record(4)

        killed_ms = await stage.candidate.evaluate("Date.now()")
        await server.kill()
        await server.again()
        await stage.see_and_hear_each_other()
        back_ms = await stage.candidate.evaluate("Date.now()")
        assert stage.phase() == "encounter"
        await stage.record(4)
        await stage.press("End encounter")
        manifest = await stage.sealed()

    takes = manifest["takes"]
    by_person: dict[str, list[dict]] = {}
    for take in takes:
        assert take["state"] == "sealed"
        by_person.setdefault(take["participant_id"], []).append(take)
    assert sorted(len(mine) for mine in by_person.values()) == [2, 3]
    for mine in by_person.values():
        mine.sort(key=lambda take: take["starts_ms"])
        before = [take for take in mine if take["starts_ms"] < killed_ms][-1]
        after = next(take for take in mine if take["starts_ms"] > killed_ms)
        lost_ms = killed_ms - (before["starts_ms"] + before["duration_ms"])
        assert lost_ms <= 1000, f"{lost_ms} ms before the kill are not in the recording"
        assert after["starts_ms"] <= back_ms + 500
        for take in mine:
            picture, sound = decoded_seconds(server.data / "encounters" / stage.encounter_id / take["file"])
            # A starved browser sends its sound up to two seconds late, and the end of a take cuts that off.
            assert abs(sound - take["duration_ms"] / 1000) < 3
            assert picture > 0


async def test_a_refused_camera_is_explained_and_keeps_nobody_out(server: ServerProcess) -> None:
    async with chromium(refused=True) as browser:
        problems: list[str] = []
        page = await new_page(browser, problems, viewport={"width": 390, "height": 844})
        await page.goto(server.links["candidate"][1])
        await page.locator("#consent-box").check()
        await page.locator("#who-go").click()
        await expect(page.locator("#check-camera")).to_contain_text("allow", ignore_case=True)
        await expect(page.locator("#again-camera")).to_be_visible()
        await expect(page.locator("#check-microphone")).to_contain_text("Not ready")
        await page.locator("#speaker-play").click()
        await page.locator("#speaker-heard").click()
        await page.locator('#enter:not([aria-disabled="true"])').click(timeout=30_000)
        await page.wait_for_url(lambda url: "/station" in url)
        assert not problems
    check = rows(server.data, "SELECT * FROM equipment_checks")
    assert "not-ready" in str(check)
