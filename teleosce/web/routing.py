"""Routes as data: path, handler, the permission it needs, what it takes. The OpenAPI document is made of the same."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from teleosce import __version__
from teleosce.core.errors import Invalid
from teleosce.people import Permission

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
M = TypeVar("M", bound=BaseModel)


class Access(Enum):
    """For routes that no role is needed for."""

    anyone = "anyone"
    signed_in = "signed in"


@dataclass(frozen=True)
class Route:
    """One method and path. `body` is the JSON it takes, `answer` what it gives, both as pydantic models."""

    method: str
    path: str
    handler: Handler
    needs: Permission | Access
    summary: str
    body: type[BaseModel] | None = None


ROUTE = "route"


def add(application: web.Application, routes: Iterable[Route]) -> None:
    """Registers the routes; the middleware finds each one's `Route` by its handler."""
    table: dict[Handler, Route] = application[TABLE]
    for route in routes:
        if route.handler in table:
            raise ValueError(f"{route.path}: one handler, one route")
        table[route.handler] = route
        application.router.add_route(route.method, route.path, route.handler)


TABLE: web.AppKey[dict[Handler, Route]] = web.AppKey("routes", dict)


async def body(request: web.Request, model: type[M]) -> M:
    """The request's JSON as `model`. Raises Invalid, naming each field that is wrong."""
    try:
        return model.model_validate_json(await request.read())
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


def openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the routes under /api."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if not route.path.startswith("/api/"):
            continue
        operation: dict[str, Any] = {
            "summary": route.summary,
            "description": f"Needs: {route.needs.value}.",
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in _names(route.path)
            ],
            "responses": {
                "200": {"description": "Done."},
                "default": {"description": "A fault, said in a sentence.", "content": _FAULT},
            },
        }
        if route.body is not None:
            schema = route.body.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "teleosce", "version": __version__},
        "paths": paths,
        "components": {"schemas": _definitions(routes)},
    }


_FAULT = {
    "application/json": {
        "schema": {
            "type": "object",
            "properties": {
                "error": {
                    "type": "object",
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                    "required": ["code", "message"],
                }
            },
        }
    }
}


def _names(path: str) -> list[str]:
    return [part.split("}")[0].split(":")[0] for part in path.split("{")[1:]]


def _definitions(routes: Iterable[Route]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for route in routes:
        if route.body is not None:
            found |= route.body.model_json_schema(ref_template="#/components/schemas/{model}").get("$defs", {})
    return found
