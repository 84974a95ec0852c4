"""Who is answered, and for how long a request may take."""

import asyncio
import hmac

from keras_gen.serving.refusals import Refused


def admit(given, token):
    """Lets a request pass.

    Args:
        given: str, its header `Authorization`, "" where there is none.
        token: str that it must bear, or None.

    Raises:
        Refused: it bears another one.
    """
    wanted = f"Bearer {token}".encode()
    # Compared in a time that tells nothing of the token.
    if token is not None and not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted):
        raise Refused("The request does not bear the server's token.", "unauthenticated")


async def within(seconds, answer):
    """What is awaited, unless it takes too long.

    Args:
        seconds: float.
        answer: awaitable.

    Raises:
        Refused: it has taken too long.
    """
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError as error:
        raise Refused(f"There was no answer within {seconds:g} seconds.", "late") from error
