"""Sending letters by the school's own SMTP server (RFC 5321), one connection for many."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

import aiosmtplib

from teleosce.core.errors import Invalid, Unavailable
from teleosce.core.settings import Settings

TIMEOUT_S = 30.0


class NotSent(Exception):
    """A letter was not taken; `lost` says that the connection is of no more use. The text names no address."""

    def __init__(self, why: str, *, lost: bool = False) -> None:
        super().__init__(why)
        self.lost = lost


class Post:
    """An open connection."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client

    async def send(self, letter: EmailMessage) -> None:
        """Returns once the server has taken it. Raises NotSent."""
        try:
            await self._client.send_message(letter)
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPRecipientRefused) as error:
            raise NotSent("The mail server refused the address.") from error
        except aiosmtplib.SMTPResponseException as error:
            raise NotSent(f"The mail server refused the letter ({error.code}).", lost=error.code == 421) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise NotSent("The mail server did not answer.", lost=True) from error


@asynccontextmanager
async def post_office(settings: Settings) -> AsyncIterator[Post]:
    """A connection to the SMTP server of the settings.

    Raises Invalid when none is set, Unavailable when it does not answer or refuses the password.
    """
    if not settings.smtp_host or not settings.smtp_from:
        raise Invalid(
            "No mail server is set, so nothing was sent: mail needs smtp_host and smtp_from in teleosce.toml.",
            code="no-smtp",
        )
    client = aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_user,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        use_tls=settings.smtp_tls == "tls",
        start_tls=settings.smtp_tls == "starttls",
        timeout=TIMEOUT_S,
    )
    try:
        await client.connect()
    except aiosmtplib.SMTPAuthenticationError as error:
        raise Unavailable("The mail server refused the user or the password. Nothing was sent.", code="smtp") from error
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise Unavailable(
            f"The mail server {settings.smtp_host} did not answer as it should ({type(error).__name__}). Nothing was "
            "sent. Check smtp_host, smtp_port and smtp_tls.",
            code="smtp",
        ) from error
    try:
        yield Post(client)
    finally:
        client.close()
