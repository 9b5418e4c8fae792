"""The OpenAPI 3.1 document of the API, from the table of routes: what may be sent, and every answer that may come."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from teleosce import __version__
from teleosce.people import Role
from teleosce.scoring import Kind
from teleosce.web.routing import Access, Route
from teleosce.web.sessions import HEADER, cookie_name

_ID = {"type": "string", "pattern": "^[a-z0-9]{26}$"}
_PATH: dict[str, dict[str, Any]] = {
    "kind": {"type": "string", "enum": [kind.value for kind in Kind]},
    "tables": {"type": "string", "enum": ["xlsx", "zip"]},
    "format": {"type": "string", "enum": ["xlsx", "pdf", "ics"]},
    "stimulus": {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"},
}
"""What parts of a path look like; all others are ids."""

_FAULT = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "A short stable word for programs."},
                "message": {"type": "string", "description": "What happened, what was kept, what to do."},
                "details": {},
            },
        }
    },
}


def openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """The document of the routes under /api."""
    ours = [route for route in routes if route.path.startswith("/api/")]
    paths: dict[str, dict[str, Any]] = {}
    for route in ours:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "teleosce", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {"Fault": _FAULT} | _definitions(ours),
            "securitySchemes": {
                role.value: {"type": "apiKey", "in": "cookie", "name": cookie_name(role)} for role in Role
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "description": f"Needs: {route.needs.value}.",
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.needs is not Access.anyone:
        operation["security"] = [{role.value: []} for role in Role]
    if route.body is not None:
        schema = {"$ref": f"#/components/schemas/{route.body.__name__}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _PATH.get(name, _ID)} for name in _names(route.path)
    ]
    found += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in route.query]
    if route.needs is not Access.anyone:
        roles = {"type": "string", "enum": [role.value for role in Role]}
        found.append({"name": HEADER, "in": "header", "schema": roles, "description": "Which session is meant."})
    return found


def _responses(route: Route) -> dict[str, Any]:
    good = {"description": "Done.", "content": {kind: {} for kind in route.gives}}
    fault = {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}}
    return {str(route.status): good} | {
        str(status): {"description": HTTPStatus(status).phrase, "content": fault} for status in sorted(_faults(route))
    }


def _faults(route: Route) -> set[int]:
    """A database may be busy at any time; the rest follows from what a route takes and whom it serves."""
    found = {503}
    if route.needs is not Access.anyone:
        found |= {401, 403, 404}
    if "{" in route.path:
        found |= {404}
    if route.query:
        found |= {400, 404}
    if route.method != "GET":
        found |= {400, 403, 404, 409, 429}
    elif "{" in route.path:
        found |= {409}
    if route.body is not None:
        found |= {400, 408, 413, 415}
    return found


def _names(path: str) -> list[str]:
    return [part.split("}")[0].split(":")[0] for part in path.split("{")[1:]]


def _definitions(routes: Iterable[Route]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for route in routes:
        if route.body is not None:
            schema = route.body.model_json_schema(ref_template="#/components/schemas/{model}")
            found |= schema.pop("$defs", {})
            found[route.body.__name__] = schema
    return found
