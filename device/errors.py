"""Errors that end a command with one line instead of a traceback, and the exit codes."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command.

    Attributes:
        OK: success.
        FAILED: the input was valid, but a check of the result failed.
        WRONG_INPUT: a file, an option or a recipe is invalid.
        INTERRUPTED: Ctrl-C (128 + SIGINT).
    """

    OK = 0
    FAILED = 1
    WRONG_INPUT = 2
    INTERRUPTED = 130


class FerEdgeError(Exception):
    """An error that is reported in one line.

    The message states what is wrong with which file or option, and what to do about it.

    Attributes:
        exit_code: exit code of the command.
    """

    exit_code = ExitCode.WRONG_INPUT


class InputError(FerEdgeError):
    """A file, an option or a recipe is invalid: exit code 2."""


class CheckFailedError(FerEdgeError):
    """The input was valid, but a check of the result failed: exit code 1."""

    exit_code = ExitCode.FAILED


class RuntimeCrashError(FerEdgeError):
    """A subprocess crashed or exceeded its time limit: exit code 1."""

    exit_code = ExitCode.FAILED
