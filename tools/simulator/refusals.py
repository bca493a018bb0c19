"""Simulator: why one AWS service did not take what another one brought it."""


class RefusedError(Exception):
    """A message, an event or an invocation was refused: the code of the refusal and the reason."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
