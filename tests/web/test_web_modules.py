from teleosce.core.paths import WEB
from teleosce.web.rendering import modules


def test_a_page_names_all_its_modules_once() -> None:
    found = modules("pages/desk.js")
    assert {"/static/js/pages/desk.js", "/static/js/desk/sheet.js", "/static/js/forms.js"} <= set(found)
    assert len(set(found)) == len(found)
    assert all((WEB / path.removeprefix("/")).is_file() for path in found)
