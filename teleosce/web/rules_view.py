"""Rules of an exam that are kept by version (of marking, of results, of feedback), as pages and programs see them."""

from typing import Any

from teleosce.reports import KeptResultRules
from teleosce.scoring import KeptFeedbackRules, KeptRules


def rules_view(kept: KeptRules | KeptResultRules | KeptFeedbackRules) -> dict[str, Any]:
    """The rules, the version that a next one is made of, and when they were changed."""
    return {"rules": kept.rules.model_dump(mode="json"), "version": kept.version, "changed_ms": kept.changed_ms}
