"""Slows down attempts to guess the token."""

import asyncio

DELAY = 1.0
"""Seconds until a wrong token is answered; meanwhile the sender gets no other response."""


class Throttle:
    """Lets each address try one wrong token per second.

    A correct token is never delayed, so that guesses from elsewhere do not lock out a viewer.
    """

    def __init__(self, delay: float | None = None) -> None:
        """Start without failed attempts.

        Args:
            delay: seconds that a failed attempt takes; None for `DELAY`.
        """
        self._delay = DELAY if delay is None else delay
        self._waiting: set[str] = set()

    def blocks(self, address: str) -> bool:
        """Whether an address must wait, because its failed attempt is not answered yet."""
        return address in self._waiting

    async def fail(self, address: str) -> None:
        """Wait before a failed attempt is answered."""
        self._waiting.add(address)
        try:
            await asyncio.sleep(self._delay)
        finally:
            self._waiting.discard(address)
