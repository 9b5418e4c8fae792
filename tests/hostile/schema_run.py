"""Requests made from our own OpenAPI document, in a process of its own so that the server's loop stays free.

    python -m tests.hostile.schema_run URL < plan.json

The plan is `{"cookies": {role: header}, "ids": {name: [values]}, "examples": n}`; the report that is printed is
`{"requests": n, "statuses": {status: n}, "failures": [text]}`.
"""

import json
import random
import sys
from collections import Counter
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

EVERY = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


class Run:
    """All operations of the document, as one role after the other."""

    def __init__(self, url: str, plan: dict[str, Any]) -> None:
        self.schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json")
        self.url, self.plan = url, plan
        self.statuses: Counter[int] = Counter()
        self.failures: list[str] = []
        self.chance = random.Random(5)

    def all(self) -> None:
        operations = [result.ok() for result in self.schema.get_all_operations()]
        for role, cookie in self.plan["cookies"].items():
            with requests.Session() as session:
                for operation in operations:
                    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                        self.operation(
                            operation, mode, session, {"Cookie": cookie, "Teleosce-Role": role} if role else {}
                        )

    def operation(
        self, operation: Any, mode: GenerationMode, session: requests.Session, headers: dict[str, str]
    ) -> None:
        try:
            strategy = operation.as_strategy(generation_mode=mode)
        except schemathesis.errors.SchemathesisError:  # nothing to negate in an operation without parameters
            return

        @seed(3)
        @settings(
            max_examples=self.plan["examples"],
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def one(case: Any) -> None:
            checks = list(EVERY)
            real = self.chance.random() < 0.7 and self.fill(case)
            if mode is GenerationMode.NEGATIVE and not real:
                checks.append(negative_data_rejection)
            # A header that was made wrong on purpose must arrive.
            wrong = {} if mode is GenerationMode.POSITIVE else {**(case.headers or {})}
            response = case.call(base_url=self.url, session=session, headers=headers | wrong, timeout=30)
            self.statuses[response.status_code] += 1
            try:
                case.validate_response(response, checks=checks)
            except BaseExceptionGroup as group:
                self.failures += [
                    f"{operation.label} {headers.get('Teleosce-Role')}: {one}" for one in group.exceptions
                ]
            except AssertionError as error:
                self.failures.append(f"{operation.label} {headers.get('Teleosce-Role')}: {error}")

        try:
            one()
        except Exception as error:  # noqa: BLE001  whatever it is, the report names it
            if "Unsatisfiable" not in type(error).__name__:
                self.failures.append(f"{operation.label}: {type(error).__name__}: {error}")

    def fill(self, case: Any) -> bool:
        """Puts names of things that are there in the place of invented ones."""
        for name in case.path_parameters or {}:
            known = self.plan["ids"].get(name)
            if known:
                case.path_parameters[name] = self.chance.choice(known)
        if isinstance(case.body, dict) and "seat" in case.body:
            case.body["seat"] = self.chance.choice(self.plan["ids"]["seat"])
        return bool(case.path_parameters)


def main() -> None:
    run = Run(sys.argv[1], json.load(sys.stdin))
    run.all()
    report = {"requests": run.statuses.total(), "statuses": run.statuses, "failures": run.failures[:20]}
    print(json.dumps(report))  # noqa: T201


if __name__ == "__main__":
    main()
