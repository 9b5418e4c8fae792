import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from teleosce.core.paths import WEB
from teleosce.web import rendering
from teleosce.web.middleware import lasting
from teleosce.web.rendering import modules
from tests.web.house import House


def test_a_page_names_all_its_modules_once() -> None:
    found = modules("pages/desk.js")
    assert {"/static/js/pages/desk.js", "/static/js/desk/sheet.js", "/static/js/forms.js"} <= set(found)
    assert len(set(found)) == len(found)
    assert all((WEB / path.removeprefix("/")).is_file() for path in found)


async def test_a_browser_asks_once_for_what_pages_are_built_of(house: House) -> None:
    async with ClientSession(house.server.url) as http:
        async with http.get("/sign-in") as page:
            found = re.findall(r'="(/static/[^"#]+)', await page.text())
        assert any(path.endswith("/css/app.css") for path in found)
        for path in found:
            async with http.get(path) as part:
                assert part.status == 200
                assert "immutable" in part.headers["Cache-Control"]
        # Of another version there is nothing, and an address without one is asked for each time.
        old = re.sub(r"/static/\w+/", "/static/0123456789ab/", found[0])
        async with http.get(old) as gone, http.get("/static/css/app.css") as plain:
            assert gone.status == 404
            assert "immutable" not in gone.headers["Cache-Control"]
            assert plain.headers["Cache-Control"] == "no-cache"


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of static files with one in it, in place of the program's."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "app.css").write_text("old {}")
    monkeypatch.setattr(rendering, "WEB", tmp_path)
    rendering._static.cache_clear()
    yield tmp_path / "static"
    rendering._static.cache_clear()


async def test_a_file_that_was_replaced_since_is_asked_for_each_time(pages: Path) -> None:
    app = web.Application()
    app.on_response_prepare.append(lasting)
    app.router.add_static(rendering.built(), pages)
    app.router.add_static("/static", pages)
    async with TestClient(TestServer(app)) as browser:
        address = f"{rendering.built()}/app.css"
        first = await browser.get(address)
        assert "immutable" in first.headers["Cache-Control"]
        again = await browser.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, again.headers["Cache-Control"]) == (304, first.headers["Cache-Control"])
        assert "Cache-Control" not in (await browser.get("/static/app.css")).headers
        (pages / "app.css").write_text("newer {}")
        newer = await browser.get(address)
        assert (await newer.text(), newer.headers.get("Cache-Control")) == ("newer {}", None)
