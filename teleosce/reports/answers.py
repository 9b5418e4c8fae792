"""Figures as plain data (numbers, texts, lists, mappings; None for what is missing), fit for JSON. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from teleosce.psychometrics import Undefined

Answer = dict[str, Any]


def or_why(ask: Callable[[], Any]) -> Answer:
    """What is asked for; where data do not have it, why not."""
    try:
        answer: Answer = plain(ask())
        return answer
    except Undefined as missing:
        return why(missing)


def why(missing: Undefined) -> Answer:
    """The sentence why there is no figure, and its code."""
    return {"why": str(missing), "code": missing.code}


def plain(value: Any) -> Any:
    """Data as JSON has it: no arrays, and no NaN."""
    if hasattr(value, "__dataclass_fields__"):
        value = {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.integer) else value
