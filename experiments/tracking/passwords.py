"""Passwords in database addresses, which no record may hold."""

import re
from typing import TypeVar

__all__ = ["without_passwords"]

_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):[^@\s]*(?=@)")
"""As SQLAlchemy reads an address: a slash in a password ends nothing."""

_IN_QUERY = re.compile(r"(?i)([?&](?:\w*passw\w*|pwd|\w*token|\w*secret|\w*api_?key)=)[^&\s]+")

Value = TypeVar("Value")


def without_passwords(value: Value) -> Value:
    """A text, or a structure of JSON's kinds, whose addresses keep the user's name and lose the password.

    What is left still opens the database where the password comes from the environment (``PGPASSWORD``) or
    from a file, as it should.
    """
    if isinstance(value, str):
        return _IN_QUERY.sub(r"\1…", _PASSWORD.sub(r"\1", value))  # type: ignore[return-value]  # a text stays a text
    if isinstance(value, dict):
        return type(value)((key, without_passwords(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return type(value)(without_passwords(inner) for inner in value)
    return value
