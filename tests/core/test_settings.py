from pathlib import Path

import pytest

from teleosce.core.errors import Invalid
from teleosce.core.settings import load, unsafe


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_flags_come_before_variables_before_the_file_before_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load().port == 8400
    (tmp_path / "teleosce.toml").write_text("port = 1\nhost = '127.0.0.2'\n")
    assert (load().port, load().host) == (1, "127.0.0.2")
    monkeypatch.setenv("TELEOSCE_PORT", "2")
    assert (load().port, load().host) == (2, "127.0.0.2")
    assert (load(port=3).port, load(port=None).port) == (3, 2)


def test_an_unknown_key_refuses_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEOSCE_PROT", "2")
    with pytest.raises(Invalid, match="TELEOSCE_PROT"):
        load()
    monkeypatch.delenv("TELEOSCE_PROT")
    (tmp_path / "teleosce.toml").write_text("prot = 1\nport = 70000\n[server]\nport = 1\n")
    with pytest.raises(Invalid, match=r"No such setting: prot in teleosce\.toml, server in teleosce\.toml\..* port,"):
        load()


@pytest.mark.parametrize(
    ("given", "warns"),
    [
        ({}, False),
        ({"host": "localhost"}, False),
        ({"host": "::1"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "192.0.2.7"}, True),
        ({"host": "exam.school.org"}, True),
        ({"public_url": "http://exam.school.org"}, True),
        ({"public_url": "http://localhost:8400"}, False),
        ({"host": "0.0.0.0", "public_url": "http://localhost:8400"}, True),
        ({"host": "0.0.0.0", "public_url": "https://exam.school.org"}, False),
        ({"host": "0.0.0.0", "tls_cert": "cert.pem", "tls_key": "key.pem"}, False),
    ],
)
def test_who_opens_the_server_to_others_without_tls_is_warned(given: dict[str, str], warns: bool) -> None:
    assert (unsafe(load(**given)) is not None) == warns


def test_a_wrong_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="port"):
        load(port=70_000)
    for name, wrong in (("public_url", "exam.school.org"), ("public_url", "http://[x"), ("database_url", "nonsense")):
        with pytest.raises(Invalid, match=name):
            load(**{name: wrong})
    with pytest.raises(Invalid, match="go together"):
        load(tls_cert=tmp_path / "cert.pem")
    for content in (b"port = \n", b"\xff\xfe"):
        (tmp_path / "teleosce.toml").write_bytes(content)
        with pytest.raises(Invalid, match=r"teleosce\.toml"):
            load()


def test_a_secret_does_not_show() -> None:
    assert "hidden-thing" not in repr(load(turn_secret="hidden-thing"))
