"""What an HTTP response that is no success says: its status, its words, and when to come back."""

import email.utils
import math
import re
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
from yarl import URL

NOT_NOW = frozenset({409, 423, 425, 449, 498, 499})
"""Statuses below 500 that say nothing of the request, but that the server will not have it now."""

_ERRORS: dict[int, Any] = {
    **dict.fromkeys(NOT_NOW, ServerError),
    401: AuthError,
    402: BillingError,
    403: AuthError,
    404: UnsupportedModelError,
    405: UnsupportedModelError,
    408: TimeoutError,
    429: RateLimitError,
    504: TimeoutError,
}


_NO_CREDIT = re.compile(r"insufficient.?(quota|credit|fund|balance)|current quota", re.IGNORECASE)


_NO_KEY = re.compile(
    r"api.?key.{0,20}(not valid|invalid|incorrect|expired)|(invalid|incorrect).{0,10}api.?key", re.IGNORECASE
)
_NO_MODEL = re.compile(r"model\b.{0,80}(not found|not exist|is not a valid)", re.IGNORECASE | re.DOTALL)


def error_of(status: int, said: str) -> Any:
    """The canonical error of an HTTP status, or of what is said where the status says less."""
    if status in (400, 422) and _NO_KEY.search(said):
        return AuthError
    if status == 400 and _NO_MODEL.search(said):
        return UnsupportedModelError
    if status in (400, 413) and "context" in said and ("length" in said or "window" in said):
        return ContextLengthError
    if status == 429 and _NO_CREDIT.search(said):
        return BillingError
    return _ERRORS.get(status, ServerError if status >= 500 else InvalidRequestError)


def error_text(body: bytes) -> str:
    """The server's own words from an error body, on one line."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = None
    if isinstance(data, list) and data:
        data = data[0]
    words = error_words(data.get("error", data)) if isinstance(data, dict) else ""
    return words or " ".join(body.decode("utf-8", "replace").split())


def error_words(error: Any) -> str:
    """What an error object says, on one line; empty where it has no words of its own."""
    if isinstance(error, dict):
        named = (error.get(name) for name in ("message", "detail", "msg", "code", "type"))
        error = next((value for value in named if isinstance(value, str) and value), "")
    return " ".join(error.split()) if isinstance(error, str) else ""


def redirect_target(header: str | None) -> str:
    """The host that a Location header names."""
    try:
        return URL(header or "").host or "elsewhere"
    except ValueError:
        return "what is no address"


def retry_after(header: str | None) -> float | None:
    """Seconds to wait, from either form of the header (RFC 9110, section 10.2.3)."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
