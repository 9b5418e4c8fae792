"""Plots on the pages of results: pictures and specifications for who may see them, and nothing for who may not."""

import re

from tests.begun import bank_of
from tests.web.house import House
from tests.web.marked_exam import LENIENT, marked_exam


async def test_pictures_of_results_are_the_organisers(house: House) -> None:
    bank = await bank_of(house.rooms)
    marked = await marked_exam(house.rooms, [bank["feverish-child"], bank["inhaler-technique"]])
    organiser, stranger, examiner = [await house.client(role) for role in (None, "organiser", "examiner")]
    await organiser.join(f"#{marked.organiser}")
    await organiser.ask("GET", f"/results/{marked.exam_id}")
    await house.rooms.analyses.wait(marked.exam_id)
    pages = ["", "/line", "/examiners"]
    shown = set[str]()
    for path in pages:
        text = await (await organiser.ask("GET", f"/results/{marked.exam_id}{path}")).text()
        found = re.findall(r'<img src="([^"?]+)\?', text)
        shown |= set(found)
        # Each picture has words in its place, and the same in figures.
        assert text.count("<img src=") == len(re.findall(r'<img src="[^"]+" alt="[^"]{40,}"', text))
    base = f"/api/exams/{marked.exam_id}/results/plots"
    assert {one.rpartition("/")[2] for one in shown} >= {
        "regression-1.svg",
        "circuits.svg",
        "stringency.svg",
        "methods.svg",
    }
    picture = await organiser.ask("GET", f"{base}/stringency.svg")
    svg = await picture.text()
    assert (picture.status, picture.content_type) == (200, "image/svg+xml")
    assert picture.headers["Cache-Control"] == "no-store"
    assert LENIENT in svg
    place = re.search(r'stringency\.svg\?role=\w+" alt="[^"]*" loading="lazy" (width="\d+" height="\d+")', text)
    assert place is not None
    # The picture has the size of its place: nothing moves when it comes.
    assert place[1] in svg
    # People are named only where somebody looks.
    kept = await house.rooms.analyses.look(marked.exam_id, await house.rooms.results.rules(marked.exam_id))
    assert kept.kept is not None
    assert LENIENT not in str(kept.kept.found["plots"])
    light, dark = [await organiser.json("GET", f"{base}/stringency?scheme={one}") for one in ("light", "dark")]
    assert light["config"]["axis"]["labelColor"] == "#17201f"
    assert dark["config"]["axis"]["labelColor"] == "#e8eeed"
    narrow = await organiser.json("GET", f"{base}/stringency?width=narrow")
    assert narrow["width"] < light["width"]
    await organiser.refused(404, "GET", f"{base}/nothing.svg")
    await stranger.refused(404, "GET", f"{base}/stringency.svg")
    await examiner.refused(403, "GET", f"{base}/stringency")
    assert "plots" not in (await organiser.json("GET", f"/api/exams/{marked.exam_id}/results"))["found"]
    script = await organiser.ask("GET", "/api/vega.js")
    assert (script.status, script.content_type) == (200, "text/javascript")
    assert "window.vegaEmbed" in await script.text()
