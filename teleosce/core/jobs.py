"""Durable jobs: what was begun is finished, through kills and power cuts, from the step where it was.

dbos keeps which steps of which job are done: in a file beside our SQLite database, or in its own schema
of our PostgreSQL. It knows ids and what steps return, so nothing private may be returned from a step. What a
page shows of a job is a row of the room that owns it; only the process that does the work opens dbos.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowSerializationFormat
from sqlalchemy import make_url

T = TypeVar("T")

_APPLICATION = "teleosce"
_POLL_S = 0.5
_OVER = {"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}


def jobs_url(database_url: str) -> str:
    """Where the steps are kept: `jobs.db` beside our SQLite file, or our own PostgreSQL."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        # A file of its own, so that bookkeeping never waits for the day's writers, nor they for it.
        path, _, _ = (url.database or "teleosce.db").rpartition("/")
        return f"sqlite:///{path}/jobs.db" if path else "sqlite:///jobs.db"
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def step(name: str, work: Callable[[], T]) -> T:
    """Does `work` as one durable step of the job that is running, or gives back what it returned before.

    What it returns is kept as JSON. A process killed inside a step does that step again: `work` must bear
    that. An exception is kept like a result.
    """
    return DBOS.run_step({"name": name}, work)


class Jobs:
    """Does jobs of one kind in this process, one at a time. Blocking calls: keep them off an event loop.

    Only one process may do so for one database: a second would take up the jobs that the first is doing.
    """

    def __init__(self, url: str, name: str, version: str, job: Callable[[str], None]) -> None:
        """url: from `jobs_url`. version: of the steps in `job`; jobs of another version are left alone."""
        self._queue = name
        # Nothing goes out to the network: no telemetry, no conductor, and no key that would ask for one.
        config: DBOSConfig = {
            "name": _APPLICATION,
            "system_database_url": url,
            "application_version": version,
            "executor_id": name,
            "enable_otlp": False,
            "log_level": "ERROR",
            "max_executor_threads": 8,
        }
        DBOS(config=config)

        # How often a job may be tried is for its room to say, which knows a kill from an orderly stop.
        @DBOS.workflow(name=name, max_recovery_attempts=None, serialization_type=WorkflowSerializationFormat.PORTABLE)
        def workflow(job_id: str) -> None:
            job(job_id)

        self._workflow: Callable[[str], Any] = workflow

    def start(self) -> None:
        """Takes up what was left unfinished, then what is submitted."""
        DBOS.launch()
        DBOS.register_queue(self._queue, worker_concurrency=1, polling_interval_sec=_POLL_S)

    def submit(self, job_id: str) -> None:
        """Queues a job. One that is known already, in any state, is left as it is."""
        with SetWorkflowID(job_id):
            DBOS.enqueue_workflow(self._queue, self._workflow, job_id)

    def is_over(self, job_id: str) -> bool:
        """Whether nothing more will happen to a job that was submitted."""
        status = DBOS.get_workflow_status(job_id)
        return status is not None and status.status in _OVER
