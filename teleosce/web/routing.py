"""Routes as data: path, handler, the permission it needs, what it takes and gives. `openapi.py` writes them down."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import BaseModel, ValidationError

from teleosce.core.errors import Invalid, TooSlow, WrongType
from teleosce.people import Permission

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
M = TypeVar("M", bound=BaseModel)


class Access(Enum):
    """For routes that no role is needed for."""

    anyone = "anyone"
    signed_in = "signed in"


@dataclass(frozen=True)
class Route:
    """One method and path. `body` is the JSON it takes; `query` the names it reads there; `status` and `gives` what
    comes back when all is well.
    """

    method: str
    path: str
    handler: Handler
    needs: Permission | Access
    summary: str
    body: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    status: int = 200
    gives: tuple[str, ...] = ("application/json",)


def add(application: web.Application, routes: Iterable[Route]) -> None:
    """Registers the routes; the middleware finds each one's `Route` by its handler."""
    table: dict[Handler, Route] = application[TABLE]
    for route in routes:
        if route.handler in table:
            raise ValueError(f"{route.path}: one handler, one route")
        table[route.handler] = route
        application.router.add_route(route.method, route.path, route.handler)


TABLE: web.AppKey[dict[Handler, Route]] = web.AppKey("routes", dict)


BODY_S = 30.0
"""For a request's body, all of it."""


async def read(request: web.Request) -> bytes:
    """The request's body. Raises TooSlow when it does not come within BODY_S, Invalid when it is not as it says."""
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError:
        raise TooSlow("The request took too long to arrive, so nothing was changed. Please try again.") from None
    except (web.RequestPayloadError, ValueError) as error:
        raise Invalid("The request arrived damaged, so nothing was changed. Please try again.") from error


async def form(request: web.Request) -> dict[str, str]:
    """What a page's form sends, by field. Raises Invalid for anything else."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise WrongType("This takes what a form of ours sends. Nothing was changed.")
    try:
        return dict(parse_qsl((await read(request)).decode(), max_num_fields=20))
    except ValueError as error:
        raise Invalid("The form could not be read. Load the page again, then try once more.") from error


async def body(request: web.Request, model: type[M]) -> M:
    """The request's JSON as `model`. Raises Invalid, naming each field that is wrong."""
    if request.content_type != "application/json":
        raise WrongType("This takes JSON (Content-Type: application/json). Nothing was changed.")
    try:
        return model.model_validate_json(await read(request), strict=True)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in error.errors(include_url=False)
        )
        raise Invalid(f"The request is not as it should be ({said}). Nothing was changed.") from error


def answer(content: object, status: int = 200) -> web.Response:
    """JSON that no cache keeps."""
    return web.json_response(content, status=status, dumps=_dumps, headers={"Cache-Control": "no-store"})


def _dumps(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
