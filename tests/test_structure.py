"""The rules of the house that import-linter cannot say."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
CODE = sorted((ROOT / "teleosce").rglob("*.py"))


def test_sql_lives_in_stores_only() -> None:
    with_sql = {path for path in CODE if re.search(r"^\s*(from|import) sqlalchemy", path.read_text(), re.MULTILINE)}
    stores = {path for path in with_sql if re.fullmatch(r"store(_\w+)?\.py", path.name) or "core" in path.parts}
    elsewhere = with_sql - stores
    # An IntegrityError is how a unique index says no; catching it is no SQL.
    assert [path for path in elsewhere if "sqlalchemy.exc" not in path.read_text()] == []


def test_every_room_says_what_it_does() -> None:
    for door in (ROOT / "teleosce").glob("*/__init__.py"):
        assert len(door.read_text().split('"""')[1]) > 80, door


def test_nothing_outside_is_asked_by_a_page() -> None:
    """No page loads anything from elsewhere, and none has script or style of its own, which the policy would refuse."""
    for page in (ROOT / "web" / "templates").glob("*.html"):
        text = re.sub(r"{#.*?#}", "", page.read_text(), flags=re.DOTALL)
        assert not re.search(r"""(src|href)=["']https?://""", text), page
        assert not re.search(
            r"""<style|\sstyle=|\son[a-z]+=["']|<script(?![^>]*(src=|type="application/json"))""", text
        ), page


def test_a_per_cent_sign_in_words_is_written_twice() -> None:
    """A template's words are filled in by %: one that stands alone is a defect that shows when somebody looks."""
    for page in (ROOT / "web" / "templates").glob("*.html"):
        for words in re.findall(r'''\b_\("((?:[^"\\]|\\.)*)"''', page.read_text()):
            assert not re.search(r"%(?!\()", words.replace("%%", "")), f"{page.name}: {words}"


def test_migrations_stand_in_one_line() -> None:
    """Each revision has a number of its own, that of its file, and follows the one before it."""
    found = []
    for path in sorted((ROOT / "teleosce" / "core" / "migrations" / "versions").glob("[0-9]*.py")):
        names = dict(re.findall(r'^(revision|down_revision)\b.*?= (?:"(.*?)"|None)', path.read_text(), re.MULTILINE))
        found.append((path.name[:4], names["revision"], names["down_revision"]))
    numbers = [f"{number:04}" for number in range(1, len(found) + 1)]
    assert found == list(zip(numbers, numbers, ["", *numbers], strict=False))
