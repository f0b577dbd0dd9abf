"""Passwords in database addresses, which no record may hold."""

import re
from typing import TypeVar

from value_personas.data import one_line

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


_LONGEST = 1000


def in_one_line(error: BaseException) -> str:
    """An error's message without passwords, without anything a terminal obeys, and of readable length.

    What a message quotes, a file's name or a server's reply, is of unknown origin.
    """
    return one_line(without_passwords(str(error)), _LONGEST)
