"""What was invented: results of it bear the word synthetic wherever they are shown."""

from collections.abc import Sequence

from value_personas import data

__all__ = ["in_words", "is_synthetic_model", "synthetic_parts"]


def synthetic_parts(identity: str, survey: data.Survey) -> tuple[str, ...]:
    """``respondent`` and ``population``, as far as they are the embedded ones.

    Args:
        identity: of the model that answered.
        survey: where the human answers came from.
    """
    parts = {"respondent": is_synthetic_model(identity), "population": survey.is_synthetic}
    return tuple(part for part, is_synthetic in parts.items() if is_synthetic)


def is_synthetic_model(identity: str) -> bool:
    """Whether the embedded model answered; a server or deployment whose name holds the word is another."""
    return identity.startswith("synthetic/")


def in_words(parts: Sequence[str]) -> str:
    """The parts as a tag has them; ``no`` where nothing is synthetic."""
    return " and ".join(parts) or "no"
