import re

from aiohttp import ClientSession

from teleosce.core.paths import WEB
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
