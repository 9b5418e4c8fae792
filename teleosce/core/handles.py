"""File handles: sockets and files share one limit, and a server that reaches it can neither listen nor record."""

import resource

import structlog

log = structlog.get_logger(__name__)

ENOUGH = 4096
"""For forty sessions: each holds about twenty sockets and files, and browsers keep connections open."""


def raise_limit() -> int:
    """Raises the limit of this process to the most it may have, and returns it; warns where that is little."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = ENOUGH * 16 if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    if soft < ENOUGH:
        log.warning(
            "few files and connections may be open at once: raise the limit (ulimit -n, LimitNOFILE) before an exam",
            allowed=soft,
            wanted=ENOUGH,
        )
    return soft
