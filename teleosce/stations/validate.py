"""From a YAML document to a model, with each fault said in words and put on its line."""

import types
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from teleosce.stations.findings import did_you_mean
from teleosce.stations.yaml_lines import Document, Place

M = TypeVar("M", bound=BaseModel)

Say = Callable[[int, str], None]

_EXPECTED = {
    "string_type": "must be text (put it in quotes if it looks like a number, a date or yes/no)",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be an ordinary number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list: one line for each, beginning with “- ”",
    "dict_type": "must be a group of “key: value” lines",
    "model_type": "must be a group of “key: value” lines",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long: at most {max_length} characters are taken",
    "too_long": "is too long: at most {max_length} are taken",
    "too_short": "needs at least {min_length}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "datetime_parsing": "must be a date and a time, such as 2026-12-01 09:00",
    "datetime_from_date_parsing": "must be a date and a time, such as 2026-12-01 09:00",
    "datetime_type": "must be a date and a time, such as 2026-12-01 09:00",
    "timezone_naive": "must be a time of the school’s clock, without an offset or a Z",
    "time_parsing": "must be a time of the day, such as 10:30",
    "time_type": "must be a time of the day, such as 10:30",
    "value_error": "{error}",
    "string_pattern_mismatch": "may have lower-case letters, digits and single hyphens only",
}


def validate(document: Document, model: type[M], say: Say) -> M | None:
    """The model, or None after `say(line, message)` has been called for each fault."""
    for line, message in document.faults:
        say(line, message)
    if document.value is None:
        if not document.faults:  # a lone “null” or “~”
            say(1, "The file is empty.")
        return None
    try:
        made = model.model_validate(document.value)
    except ValidationError as error:
        said = {(document.line(place), message) for place, message in faults_of(error, model, document)}
        for line, message in sorted(said):
            say(line, message)
        return None
    return None if document.faults else made


def faults_of(error: ValidationError, model: type[BaseModel], document: Document) -> list[tuple[Place, str]]:
    """Each fault in words, and the place in the document where it stands."""
    return [_fault(detail, model, document) for detail in error.errors(include_url=False)]


def _fault(detail: ErrorDetails, model: type[BaseModel], document: Document) -> tuple[Place, str]:
    place, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    written = tuple(part for part in place if part != "[key]")
    name = str(written[-1])[:60] if written else "the file"
    if kind == "extra_forbidden":
        known = _keys(model, written[:-1])
        hint = did_you_mean(name, known) or f" Known here: {', '.join(known)}."
        return written, f"Unknown key “{name}”.{hint}"
    if kind == "missing":
        return written, f"“{name}” is missing here."
    if kind == "literal_error" or place[-1:] == ("[key]",):
        allowed = context.get("expected", "lower-case letters, digits and single hyphens")
        return written, f"“{str(detail['input'])[:60]}” is not known here; it must be {allowed}."
    expected = _EXPECTED.get(kind, "cannot be used").format(**context)
    return written, f"“{_label(document, written)}” {expected}."


def _label(document: Document, place: tuple[str | int, ...]) -> str:
    """The last name on the way to a place: a number in a list says little."""
    while document.lines and place and place not in document.lines:
        place = place[:-1]
    names = [part for part in place if isinstance(part, str)]
    return names[-1] if names else "this file"


def _keys(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """The keys that a model allows at a place within it."""
    found: Any = model
    for part in place:
        if isinstance(found, type) and issubclass(found, BaseModel) and part in found.model_fields:
            found = found.model_fields[str(part)].annotation
        found = _inner(found)
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        return []
    return [field.alias or name for name, field in found.model_fields.items()]


def _inner(annotation: Any) -> Any:
    """What a list, a mapping or an optional value holds."""
    if get_origin(annotation) in (tuple, dict, types.UnionType):
        held = [get_args(one)[0] if get_origin(one) is Annotated else one for one in get_args(annotation)]
        models = [one for one in held if isinstance(one, type) and issubclass(one, BaseModel)]
        return models[0] if models else annotation
    return annotation
