"""Requests that no page of ours makes: from our own OpenAPI document, and from what comes to mind beside it."""

import asyncio
import gzip
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.journal import Journal
from tests.hostile.live_call import Holdings, live_call, settled, warm
from tests.hostile.raw import connect, request, rest, send
from tests.rtc.clients import Clip
from tests.web.house import Client, House

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOT = Path(__file__).parents[2]
ROLES = ("organiser", "examiner", "candidate", "sp")


async def cookies(house: House) -> dict[str, str]:
    """A session of each role for the second candidate's day, and none."""
    found = {"": ""}
    for role in ROLES:
        client = await house.client(role, 1 if role in ("candidate", "sp") else 0)
        found[role] = cookie_of(client)
    return found


def cookie_of(client: Client) -> str:
    return "; ".join(f"{one.key}={one.value}" for one in client.http.cookie_jar)


@pytest.mark.faults
async def test_requests_made_from_the_document(own_house: House, clip: Clip, journal: Journal) -> None:
    async with live_call(own_house, clip) as call:
        await warm(own_house)
        others = await own_house.encounter_of("candidate", 1)
        await own_house.begin(others, "note")
        known = await cookies(own_house)
        candidate = own_house.clients[-2]
        form = (await candidate.json("GET", f"/api/encounters/{others}/forms/note"))["id"]
        seats = [own_house.seat("candidate", 1), own_house.seat("examiner")]
        ids = {"id": [others, form], "exam": [own_house.exam.exam_id], "seat": seats, "stimulus": ["ecg"]}
        await call.rest()
        before, began = Holdings(), time.monotonic()
        report = await run_from_document(own_house, {"cookies": known, "ids": ids, "examples": 2})
        assert report["failures"] == []
        assert report["requests"] >= 500
        assert {"200", "400", "401", "403", "404"} <= set(report["statuses"])
        call.was_not_disturbed(began, journal)
        await call.is_whole()
        await settled(before)
        await call.is_recorded()
    journal.names_no_defect()
    journal.holds_none_of(*(part.split("=")[1] for one in known.values() for part in one.split("; ") if part))


async def run_from_document(house: House, plan: dict[str, Any]) -> Any:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.hostile.schema_run",
        house.server.url,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate(json.dumps(plan).encode())
    assert process.returncode == 0
    return json.loads(said)


PATHS = (
    "/",
    "/j",
    "/sign-in",
    "/sign-in?next=",
    "/sign-out",
    "/station",
    "/patient",
    "/control/",
    "/mark",
    "/mark/",
    "/exams/new",
    "/exams/",
    "/api/plans",
    "/stations",
    "/stations/",
    "/ws",
    "/ws?exam=",
    "/media/takes/",
    "/media/encounters/",
    "/static/",
    "/static/js/socket.js",
    "/static/css/base.css",
    "/metrics",
    "/readyz",
    "/api/me",
    "/api/link",
    "/api/join",
    "/api/media/offer",
    "/api/forms/",
    "/api/exams/",
    "/api/search?q=",
    "/api/transcripts/words/",
    "/api/encounters/",
)
PARTS = (
    b"",
    b"..",
    b"%2e%2e/%2e%2e/etc/passwd",
    b"..%2f..%2f..%2fetc%2fpasswd",
    b"....//....//secret.key",
    b"%00",
    b"%ff%fe",
    b"\xff\xfe",
    b"%ed%a0%80",
    b"%c0%ae%c0%ae/",
    b"%25",
    b"%",
    b"a" * 26,
    b"a" * 7000,
    b"'OR 1=1--",
    b'" OR NEAR/3 AND NOT (',
    b"{{7*7}}",
    b"<script>",
    "é\u202e\U0001f600".encode(),
    b"//evil.example/",
    b"?" * 50,
    b"&role=organiser&role=",
    b";a=b",
    b"#x",
)
HEADERS = (
    b"Range: bytes=0-",
    b"Range: bytes=-0",
    b"Range: bytes=99999999999999999999-",
    b"Range: bytes=5-1",
    b"Range: bytes=0-1,3-4",
    b"Range: lines=a",
    b"If-Range: \xff",
    b"If-Modified-Since: Sat, 01 Jan 99999999999999999999 00:00:00 GMT",
    b"If-Modified-Since: Sat, 99 Foo 2026 99:99:99 GMT",
    b"If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 -9999999999",
    b'If-None-Match: "a", W/"b',
    b"If-Match: *",
    b"Teleosce-Role: organiser",
    b"Teleosce-Role: ../../",
    b"Teleosce-Role: \xf0\x9f\x98\x80",
    b"Cookie: teleosce-organiser=\xff; teleosce-sp=" + b"a" * 4000,
    b"Cookie: teleosce-candidate=\x01; =; ;;; a",
    b"Cookie: " + b"; ".join(b"teleosce-sp=%d" % n for n in range(300)),
    b"Origin: http://[",
    b"Origin: null",
    b"Sec-Fetch-Site: cross-site",
    b"Sec-Fetch-Site: \xe9",
    b"X-Forwarded-For: 127.0.0.1, \x7f",
    b"Accept: */*;q=\xff",
    b"Accept-Encoding: gzip, br, zstd, ;q=, \x80",
    b"Expect: 100-continue",
    b"Expect: a-miracle",
    b"Upgrade: websocket\r\nConnection: upgrade",
    b"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Version: 99",
    b"Connection: close, keep-alive",
    b"Host: ",
    b"Host: [::1",
    b"User-Agent: " + b"\xf0\x9f\x98\x80" * 500,
    b"X: " + b"x" * 9000,
    b"\r\n".join(b"X-%d: y" % n for n in range(200)),
)
BODIES = (
    (b"", b""),
    (b"application/json", b"{}"),
    (b"application/json", b'{"token": "\\ud800"}'),
    (b"application/json", b'{"token": "a\\u0000b"}'),
    (b"application/json", b"[" * 50_000),
    (b"application/json", b'{"a":' * 2000 + b"1" + b"}" * 2000),
    (b"application/json", b'{"token": ' + b"9" * 5000 + b"}"),
    (b"application/json", b'{"token": NaN}'),
    (b"application/json", b"\xff\xfe{}"),
    (b"application/json; charset=utf-16", "{}".encode("utf-16")),
    (b"application/json", b"x" * 300_000),
    (b"application/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"),
    (b"application/x-www-form-urlencoded", b"email=%00&password=%ff"),
    (b"multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--"),
    (b"\xff", b"{}"),
    (b"application/json\r\nContent-Encoding: gzip", b"no gzip"),
    (b"application/json\r\nContent-Encoding: gzip", gzip.compress(b" " * 50_000_000)),
    (b"application/json\r\nContent-Encoding: deflate", b"\x00\xff"),
    (b"application/json\r\nTransfer-Encoding: chunked\r\nX: y", b"zz\r\n"),
)
METHODS = (b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH", b"get", b"BREW", b"G\xc9T")


def made(chance: random.Random, cookie: str) -> bytes:
    """A request from the lists above."""
    path = chance.choice(PATHS).encode() + chance.choice(PARTS)
    kind, body = chance.choice(BODIES)
    method = chance.choice(METHODS + (b"GET", b"POST") * 6)
    lines = [method + b" " + path + b" HTTP/1." + chance.choice((b"1", b"1", b"1", b"0")), b"Host: 127.0.0.1"]
    lines += chance.sample(HEADERS, chance.randint(0, 3))
    if cookie and chance.random() < 0.7:
        lines.append(b"Cookie: " + cookie.encode())
    if method not in (b"GET", b"HEAD") or chance.random() < 0.1:
        lines += [b"Content-Type: " + kind]
        lines += (
            [b"Content-Length: %d" % (len(body) + chance.choice((0, 0, 0, 0, -1)))] if b"chunked" not in kind else []
        )
    else:
        body = b""
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body


async def status_of(house: House, data: bytes) -> int:
    """The status, or 0 where the connection was closed without one."""
    raw = await connect(house.server.url)
    try:
        await send(raw, data)
        said = await rest(raw, 30)
    except OSError:
        said = b""
    finally:
        raw.close()
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/1.") else 0


@pytest.mark.faults
async def test_five_hundred_requests_from_elsewhere(own_house: House, clip: Clip, journal: Journal) -> None:
    loop = asyncio.get_running_loop()
    async with live_call(own_house, clip) as call:
        await warm(own_house)
        known = list((await cookies(own_house)).values())
        await call.rest()
        before, began = Holdings(), time.monotonic()
        chance = random.Random(11)
        answered = 0
        for _ in range(500):
            data = made(chance, chance.choice(known))
            status = await status_of(own_house, data)
            answered += status > 0
            assert status < 500, (status, data[:3000])
            assert "Unhandled" not in journal.text, data[:3000]
        assert answered > 400

        header = st.tuples(
            st.sampled_from(["Range", "Cookie", "Teleosce-Role", "X-Forwarded-For"]), st.binary(max_size=40)
        )
        path = st.binary(max_size=40)

        @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(PATHS), path, header, st.binary(max_size=60), st.sampled_from(known))
        def guess(start: str, more: bytes, own: tuple[str, bytes], body: bytes, cookie: str) -> None:
            lines = [
                b"POST " if body else b"GET ",
                start.encode(),
                more,
                b" HTTP/1.1\r\nHost: a\r\nCookie: ",
                cookie.encode(),
            ]
            lines += [b"\r\n", own[0].encode(), b": ", own[1], b"\r\nContent-Type: application/json\r\n"]
            lines += [b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body), body]
            status = asyncio.run_coroutine_threadsafe(status_of(own_house, b"".join(lines)), loop).result(60)
            assert status < 500, b"".join(lines)

        await asyncio.to_thread(guess)
        call.was_not_disturbed(began, journal)
        await call.is_whole()
        await settled(before)
        await call.is_recorded()
    journal.names_no_defect()
    journal.holds_none_of(*(part.split("=")[1] for one in known for part in one.split("; ") if part), "what was said")
    journal.has_at_most(500)


async def test_some_requests_from_elsewhere(house: House, journal: Journal) -> None:
    """The quick part, for every run of the tests: each header and each body once."""
    candidate = await house.client("candidate", 1)
    own = b"Cookie: " + cookie_of(candidate).encode()
    for header in HEADERS:
        for path in (b"/static/js/socket.js", b"/api/me"):
            data = (
                b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + own + b"\r\n" + header + b"\r\n\r\n"
            )
            assert 0 < await status_of(house, data) < 500, header
    for kind, body in BODIES:
        data = request(
            "POST", "/api/check", body, Connection="close", Content_Length=len(body), Cookie=cookie_of(candidate)
        )
        data = data.replace(b"\r\n\r\n", b"\r\nContent-Type: " + kind + b"\r\n\r\n", 1)
        assert 0 <= await status_of(house, data) < 500, (kind, body[:50])
    for part in PARTS:
        for path in (b"/static/", b"/api/forms/", b"/stations/", b"/media/takes/"):
            data = b"GET " + path + part + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + own + b"\r\n\r\n"
            status = await status_of(house, data)
            assert 0 < status < 500, (path, part)
            assert status != 200
    journal.names_no_defect()
