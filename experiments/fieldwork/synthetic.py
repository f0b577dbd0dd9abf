"""What was invented: results of it bear the word synthetic wherever they are shown."""

from collections.abc import Sequence

from value_personas import data
from value_personas.programs.engines import engine_kind


def synthetic_parts(lm: str | None, survey: data.Survey) -> tuple[str, ...]:
    """``respondent`` and ``population``, as far as they are invented.

    Args:
        lm: the model that answered, as the recipe names it; None where answers were given.
        survey: where the human answers came from.
    """
    parts = {"respondent": lm is not None and engine_kind(lm).is_synthetic, "population": survey.is_synthetic}
    return tuple(part for part, is_synthetic in parts.items() if is_synthetic)


def in_words(parts: Sequence[str]) -> str:
    """The parts as a tag has them; ``no`` where nothing is synthetic."""
    return " and ".join(parts) or "no"


def marked(title: str, parts: Sequence[str]) -> str:
    """A heading that bears the word synthetic where it is due."""
    return f"{title} · synthetic {in_words(parts)}" if parts else title


def synthetic_warning(parts: Sequence[str]) -> str:
    """What is said beneath figures of which some parts are invented."""
    return f"synthetic {in_words(parts)}: these figures say nothing about real people"
