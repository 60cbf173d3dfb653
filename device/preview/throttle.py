"""Slows down guessing of the token."""

import asyncio

DELAY = 1.0
"""Seconds that the answer to a wrong token takes; until then its sender gets no other answer."""


class Throttle:
    """Lets each address try one wrong token per second.

    A right token is never delayed, so that guesses from elsewhere do not lock a viewer out.
    """

    def __init__(self, delay: float | None = None) -> None:
        """Start with no failure.

        Args:
            delay: seconds that a failed attempt takes; None for `DELAY`.
        """
        self._delay = DELAY if delay is None else delay
        self._waiting: set[str] = set()

    def blocks(self, address: str) -> bool:
        """Tell whether an address has to wait: a failed attempt of it is not answered yet."""
        return address in self._waiting

    async def fail(self, address: str) -> None:
        """Wait before a failed attempt is answered."""
        self._waiting.add(address)
        try:
            await asyncio.sleep(self._delay)
        finally:
            self._waiting.discard(address)
