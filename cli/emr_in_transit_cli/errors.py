"""What can be wrong with what the command is given; each message is one line for its user."""


class UsageError(Exception):
    """The command line asks for something that cannot be."""


class InputError(Exception):
    """A document that should be ours cannot be read: the verdict is "could not tell"."""


class NotOursError(InputError):
    """A document of something else; the message says what it is, where that is known."""


class CannotTellError(Exception):
    """A part of a document that a verdict needs is missing, or cannot be known."""
