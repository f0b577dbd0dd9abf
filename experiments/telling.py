"""What went wrong, as it may be shown and kept."""

from data.plain_text import one_line
from experiments.tracking.passwords import without_passwords

__all__ = ["in_one_line"]

_LONGEST = 1000


def in_one_line(error: BaseException) -> str:
    """An error's message without passwords, without anything a terminal obeys, and of readable length.

    What a message quotes, a file's name or a server's reply, is of unknown origin.
    """
    return one_line(without_passwords(str(error)), _LONGEST)
