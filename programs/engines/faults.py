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

_AWAY = frozenset({502, 503, 504})
_NEVER = frozenset({501, 505})
"""Statuses from 500 on that say what will not pass."""


_OTHERWISE = (
    "the engine does not take this request: check its settings; what it asks for may stand in "
    "respondent.extra_body"
)
_ADVICE = {
    407: "the proxy of the environment asks who you are: give it name and password in HTTPS_PROXY",
    413: "the server takes no request as long as a persona with its question: ask another",
    451: "the server may not answer from where you are: ask another",
}
"""What to do about a request that was refused, by its status."""


class MalformedReplyError(ServerError):
    """A reply that is not what the protocol promises: not JSON, too large, no choices, a redirect."""

    default_code = "malformed_reply"


class AdaptedError(InvalidRequestError):
    """A refusal from which was learnt how the server wants it: the same call, tried again, is written so.

    Attributes:
        learnt: what is done differently from now on; None for a call that was on its way already.
    """

    default_code = "adapted"

    def __init__(self, message: str, learnt: str | None) -> None:
        super().__init__(message)
        self.learnt = learnt


class UnreachableError(TransportError):
    """No connection could be made: refused, no such host, no secure channel."""

    default_code = "unreachable"


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed later."""
    if getattr(error, "status", None) in _NEVER:
        return False
    return isinstance(
        error, (RateLimitError, ServerError, TransportError, builtins.TimeoutError, ConnectionError)
    )


def is_away(error: Exception) -> bool:
    """Whether a server that gives nothing but this is not there: it may be waited for."""
    return isinstance(error, (TransportError, ConnectionError)) or getattr(error, "status", None) in _AWAY


def is_loading(error: Exception) -> bool:
    """Whether the server says that it is only starting: it is waited for before its first answer too."""
    return getattr(error, "status", None) == 503 and "load" in str(error).lower()


def is_refusal(error: Exception) -> bool:
    """Whether the server would not take this one request, be it with a status that otherwise says more."""
    if not isinstance(error, LM15Error) or isinstance(error, (BillingError, ContextLengthError)):
        return False
    if isinstance(error, AuthError):
        return bool(error.status == 403)
    return error.status in (500, 501) or not is_transient(error)


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
        if "model" in said.lower():
            return EngineError(f"{said}; check the model's name in lm")
        return EngineError(
            f"{said}; check base_url, which for most servers ends in /v1, and the model's name in lm"
        )
    if isinstance(error, BillingError):
        return EngineError(f"{said}; the account has no credit left")
    if answered or isinstance(error, ContextLengthError):
        return None
    if isinstance(error, UnreachableError):
        return EngineError(f"{said}; is the server running, and is base_url right?")
    if (
        isinstance(error, InvalidRequestError)
        or getattr(error, "status", None) in _NEVER
        or not isinstance(error, (LM15Error, builtins.TimeoutError, ConnectionError))
    ):
        advice = _ADVICE.get(getattr(error, "status", None) or 0, _OTHERWISE)
        return EngineError(f"{said}; {advice}")
    return None


def one_line(error: Exception) -> str:
    """An error's own message, without the advice that DSPy appends, and what no terminal should be sent."""
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    line = " ".join(text.split("To fix:")[0].split())[:300]
    return line if line.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in line)
