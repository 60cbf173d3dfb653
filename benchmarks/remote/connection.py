"""Run a job on one host over one ssh process, through its standard input and output."""

import asyncio
import base64
import contextlib
import json
import signal
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from benchmarks.remote import agent
from benchmarks.remote.host import Host, quoted
from benchmarks.remote.requirements import missing_requirements
from device.errors import CheckFailedError, ExitCode, FerEdgeError, InputError
from device.labels import printable

HEARTBEAT = 15.0
"""Seconds between heartbeats; the agent gives up after `agent.SILENCE`."""

TIMEOUT = 10.0
"""Seconds that the host has to clean up."""

LONGEST_LINE = 1 << 27
"""Bytes in a line, which may be a whole `results.json`."""

Notify = Callable[[str], None]
T = TypeVar("T")


class Interrupted(FerEdgeError):
    """Ctrl-C came before anything was measured: exit code 130."""

    exit_code = ExitCode.INTERRUPTED


_MOST_NOISE = 1000
_NOT_FOUND = (126, 127)
_INTERRUPTED = (Interrupted.exit_code, -signal.SIGINT)


async def measure(
    host: Host, payload: bytes, *, python: str, notify: Notify, stop: asyncio.Event
) -> dict[str, Any]:
    """Run a packed job on a host.

    Nothing stays on the host: its agent removes the folder at the end of the run, or when this
    process, the connection or this task ends.

    Args:
        host: the host.
        payload: result of `Job.pack`.
        python: Python on the host; a path, or a name in its PATH.
        notify: callback for the progress, called with a short text.
        stop: event that ends the run early; what was measured until then is returned as partial.

    Returns:
        The results as JSON types.

    Raises:
        InputError: the host cannot be reached, its Python lacks a package, or it refuses the job.
        CheckFailedError: the connection was lost, or the run failed.
        Interrupted: `stop` was set before anything was measured.
    """
    notify("connecting")
    async with _ssh(host, python) as (process, said):
        events = _events(process, said, host)
        hello = await _cancel_on(stop, _next(events), host)
        problem = missing_requirements(hello, host)
        if problem:
            raise InputError(problem)
        notify(f"sending {len(payload) / 1e6:.1f} MB")
        await _cancel_on(stop, _write(process, f"{len(payload)}\n".encode() + payload), host)
        async with _heartbeat(process, stop):
            async for event in events:
                if event["event"] == "measuring":
                    notify("measuring")
                elif event["event"] == "results":
                    return event["results"]
                else:
                    raise _failure(event, host)
    raise CheckFailedError(f"{host}: the run ended without results")


@asynccontextmanager
async def _ssh(
    host: Host, python: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, IO[bytes]]]:
    """Start ssh with the agent on the host; end it when the block is left."""
    source = base64.b64encode(zlib.compress(Path(agent.__file__).read_bytes()))
    # Files in the start folder of the shell must not shadow modules of Python.
    start = "import sys,zlib,base64;sys.path=[p for p in sys.path if p];"
    start += f'exec(zlib.decompress(base64.b64decode("{source.decode()}")))'
    with tempfile.TemporaryFile() as said:
        try:
            process = await asyncio.create_subprocess_exec(
                *host.command(f"exec {quoted(python)} -c '{start}'"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
                limit=LONGEST_LINE,
                start_new_session=True,  # Ctrl-C is passed on by this process
            )
        except FileNotFoundError:
            raise InputError("ssh is not installed here: install OpenSSH's client") from None
        try:
            yield process, said
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> int:
    """Close the input, which makes the agent clean up and end; kill ssh if it does not end."""
    assert process.stdin is not None  # for the type checker: `_ssh` opens pipes
    process.stdin.close()
    try:
        return await asyncio.wait_for(process.wait(), TIMEOUT)
    except TimeoutError:
        return -1
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _events(
    process: asyncio.subprocess.Process, said: IO[bytes], host: Host
) -> AsyncIterator[dict[str, Any]]:
    """Yield the agent's events; output of the host's shell before them is skipped."""
    assert process.stdout is not None
    begun = False
    for _ in range(_MOST_NOISE):
        line = await process.stdout.readline()
        begun = line.strip() == agent.MARK.encode()
        if begun or not line:
            break
    while begun:
        try:
            line = await process.stdout.readline()
            if not line.endswith(b"\n"):
                break
            event = json.loads(line)
            if not isinstance(event, dict) or "event" not in event:
                raise ValueError("no event")
            yield event
        except ValueError as error:
            raise CheckFailedError(f"{host}: sent an unexpected line ({error})") from error
    raise await _cut(process, said, host, begun=begun)


async def _cut(
    process: asyncio.subprocess.Process, said: IO[bytes], host: Host, *, begun: bool
) -> FerEdgeError:
    """Return the error for an output that ended early."""
    code = await _end(process)
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    reason = printable(lines[-1]) if lines else f"ssh ended with {code}"
    if begun:
        return CheckFailedError(
            f"{host}: the connection was lost during the run ({reason}); measure it again"
        )
    if code in _NOT_FOUND:
        return InputError(f"{host}: no Python there ({reason}): give its path by --remote-python")
    return InputError(f"{host}: {reason}; try `{' '.join(host.by_hand)}` manually first")


def _failure(event: dict[str, Any], host: Host) -> FerEdgeError:
    if event.get("code") in _INTERRUPTED:
        return _interrupted(host)
    text = printable(str(event.get("text") or f"the run ended with {event.get('code')}"))
    kind = InputError if event.get("code") == InputError.exit_code else CheckFailedError
    return kind(f"{host}: {text}")


async def _next(events: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    return await anext(events)


async def _cancel_on(stop: asyncio.Event, work: Coroutine[Any, Any, T], host: Host) -> T:
    """Await `work`, but cancel it if `stop` is set first."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise _interrupted(host)
        return await working
    finally:
        stopping.cancel()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError, FerEdgeError):
            await working


def _interrupted(host: Host) -> FerEdgeError:
    return Interrupted(f"{host}: interrupted before anything was measured")


@asynccontextmanager
async def _heartbeat(
    process: asyncio.subprocess.Process, stop: asyncio.Event
) -> AsyncIterator[None]:
    """Send heartbeats, and the request to stop when `stop` is set."""

    async def beat() -> None:
        told = False
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait() if told else stop.wait(), HEARTBEAT)
            interrupt = stop.is_set() and not told
            told = told or interrupt
            await _write(process, agent.INTERRUPT if interrupt else agent.ALIVE)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating


async def _write(process: asyncio.subprocess.Process, content: bytes) -> None:
    """Write; a lost connection is reported by the reader, which knows the reason."""
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(content)
        await process.stdin.drain()
