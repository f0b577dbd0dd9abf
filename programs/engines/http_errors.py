"""What an HTTP response that is no success says: its status, its words, and when to come back."""

import email.utils
import time
from typing import Any

import orjson
from dspy.lm15 import (
    AuthError,
    BillingError,
    ContextLengthError,
    InvalidRequestError,
    RateLimitError,
    ServerError,
    TimeoutError,
    UnsupportedModelError,
)

__all__ = ["error_of", "error_text", "retry_after"]

_ERRORS: dict[int, Any] = {
    401: AuthError,
    402: BillingError,
    403: AuthError,
    404: UnsupportedModelError,
    408: TimeoutError,
    429: RateLimitError,
    504: TimeoutError,
}


def error_of(status: int, said: str) -> Any:
    """The canonical error of an HTTP status."""
    if status in (400, 413) and "context" in said and ("length" in said or "window" in said):
        return ContextLengthError
    return _ERRORS.get(status, ServerError if status >= 500 else InvalidRequestError)


def error_text(body: bytes) -> str:
    """The server's own words from an error body, on one line."""
    text = body.decode("utf-8", "replace")
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = None
    if isinstance(data, dict):
        error = data.get("error", data)
        text = str(error.get("message", text) if isinstance(error, dict) else error)
    return " ".join(text.split())


def retry_after(header: str | None) -> float | None:
    """Seconds to wait, from either form of the header (RFC 9110, section 10.2.3)."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
