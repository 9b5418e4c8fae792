"""`teleosce user`: what cannot be is said before anybody types a password."""

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from teleosce.cli import app

TYPED = "a long enough password\n" * 2


def user(data: Path, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["user", *words, "--data", str(data)], input=typed)


@pytest.mark.parametrize(
    ("email", "role", "said"),
    [
        ("olive", "organiser", "not an e-mail address"),
        ("o@school.org", "king", "no role"),
        ("o@school.org", "sp", "a link"),
    ],
)
def test_nobody_is_asked_for_a_password_that_could_not_be_used(
    tmp_path: Path, email: str, role: str, said: str
) -> None:
    done = user(tmp_path, "add", email, "--name", "Olive", "--role", role, typed=TYPED)
    assert said in str(done.exception)
    assert "Password" not in done.output


def test_an_account_is_added_once_and_gets_a_new_password(tmp_path: Path) -> None:
    added = user(tmp_path, "add", "o@school.org", "--name", "Olive", typed=TYPED)
    assert (added.exit_code, "Password" in added.output) == (0, True)
    again = user(tmp_path, "add", "O@School.org", "--name", "Olive", typed=TYPED)
    assert "has an account already" in str(again.exception)
    assert "Password" not in again.output
    nobody = user(tmp_path, "password", "p@school.org", typed=TYPED)
    assert "No account" in str(nobody.exception)
    assert "New password" not in nobody.output
    assert "new password" in user(tmp_path, "password", "o@school.org", typed=TYPED).output
