"""Where the package's own files lie: pages, stations and consultations."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def _shipped(name: str, beside: str = "") -> Path:
    """In a wheel the folder is inside the package; in a checkout it lies beside it, perhaps under another name."""
    inside = _PACKAGE / "_shipped" / name
    return inside if inside.is_dir() else _PACKAGE.parent / (beside or name)


WEB = _shipped("web")
STATIONS = _shipped("stations")
CONSULTATIONS = _shipped("consultations", "bench/consultations")
