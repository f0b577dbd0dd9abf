"""What each failure of a call means: try again, one answer missing, or the end of the run."""

import builtins

from dspy.lm15 import (
    AuthError,
    BillingError,
    ContextLengthError,
    InvalidRequestError,
    LM15Error,
    RateLimitError,
    ServerError,
    TimeoutError,
    TransportError,
    UnsupportedModelError,
)

from value_personas.signatures import AuthenticationError, EngineError, MissingReason

__all__ = ["MalformedReplyError", "UnreachableError", "ending", "is_transient", "missing_reason", "one_line"]


class MalformedReplyError(ServerError):
    """A reply that is not what the protocol promises: not JSON, too large, no choices, a redirect."""

    default_code = "malformed_reply"


class UnreachableError(TransportError):
    """No connection could be made: refused, no such host, no secure channel."""

    default_code = "unreachable"


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed later."""
    return isinstance(
        error, (RateLimitError, ServerError, TransportError, builtins.TimeoutError, ConnectionError)
    )


def missing_reason(error: Exception) -> MissingReason:
    """What is recorded for a call that was given up."""
    timed_out = isinstance(error, (TimeoutError, builtins.TimeoutError))
    return MissingReason.TIMEOUT if timed_out else MissingReason.PROVIDER_ERROR


def ending(error: Exception, answered: bool) -> EngineError | None:
    """The error that ends the run, if this failure does.

    Args:
        error: what one call failed with.
        answered: whether the engine has answered anything yet. Before its first answer, a connection
            that cannot be made or a request that is refused is taken for a wrong setting; after it, for
            a passing fault or for something about that one prompt.
    """
    said = one_line(error)
    if isinstance(error, AuthError):
        return AuthenticationError(
            f"{said}; the key is wrong or may not use this model: check the variable that api_key_env names"
        )
    if isinstance(error, UnsupportedModelError):
        return EngineError(f"{said}; check the model's name in lm")
    if isinstance(error, BillingError):
        return EngineError(f"{said}; the account has no credit left")
    if answered or isinstance(error, ContextLengthError):
        return None
    if isinstance(error, UnreachableError):
        return EngineError(f"{said}; is the server running, and is base_url right?")
    if isinstance(error, InvalidRequestError) or not isinstance(
        error, (LM15Error, builtins.TimeoutError, ConnectionError)
    ):
        return EngineError(f"{said}; the engine does not take this request: check its settings")
    return None


def one_line(error: Exception) -> str:
    """An error's own message, without the advice that DSPy appends to some."""
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    return " ".join(text.split("To fix:")[0].split())[:300]
