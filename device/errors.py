"""The errors that end a command with one line for a person instead of a traceback."""


class FerEdgeError(Exception):
    """Anything that fer-edge can explain in one line.

    The message says what is wrong with which file or option, and what to do about it.

    Attributes:
        exit_code: what the command line exits with.
    """

    exit_code = 2


class InputError(FerEdgeError):
    """A file, an option or a recipe is wrong: exit code 2."""


class GateError(FerEdgeError):
    """The input was fine and a check of the result failed: exit code 1."""

    exit_code = 1
