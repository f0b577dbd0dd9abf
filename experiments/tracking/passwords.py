"""Passwords in database addresses, which no record may hold."""

import re
from typing import TypeVar

__all__ = ["without_passwords"]

_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):[^/@\s]*(?=@)")

Value = TypeVar("Value")


def without_passwords(value: Value) -> Value:
    """A text, or a structure of JSON's kinds, whose addresses keep the user's name and lose the password.

    What is left still opens the database where the password comes from the environment (``PGPASSWORD``) or
    from a file, as it should.
    """
    if isinstance(value, str):
        return _PASSWORD.sub(r"\1", value)  # type: ignore[return-value]  # a text stays a text
    if isinstance(value, dict):
        return type(value)((key, without_passwords(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return type(value)(without_passwords(inner) for inner in value)
    return value
