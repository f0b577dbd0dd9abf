"""A response scale as a codebook or an instrument writes it, and the ways a file may store its options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.codebook_file import ScaleEntry
from data.missing import normalise
from signatures.domain import Scale
from signatures.errors import SurveyError

__all__ = ["StoredScale", "code_list", "stored_scale"]


@dataclass(frozen=True)
class StoredScale:
    """A scale with the codes and texts under which files store it.

    Attributes:
        scale: labels and scores.
        codes: the stored code of each option, in the order of the labels.
        words: normalised texts that mean an option → its position.
    """

    scale: Scale
    codes: tuple[float, ...]
    words: Mapping[str, int]

    @property
    def positions(self) -> dict[float, int]:
        """Stored code → position."""
        return {code: position for position, code in enumerate(self.codes)}

    def with_codes(self, codes: Sequence[float]) -> "StoredScale":
        """The same options stored under other codes."""
        return StoredScale(self.scale, tuple(codes), self.words)


def stored_scale(entry: ScaleEntry, where: str) -> StoredScale:
    """Build a scale from its written form.

    Args:
        entry: labels with codes, or the two ends of a scale of numbers.
        where: the file and entry, for the message.

    Raises:
        SurveyError: when labels, codes and scores do not make a scale.
    """
    if entry.labels is not None and entry.codes is not None:
        labels, codes = list(entry.labels), list(entry.codes)
        also = entry.also or [[] for _ in labels]
    elif entry.from_ is not None and entry.to is not None and entry.low and entry.high:
        numbers = range(entry.from_, entry.to + 1)
        labels, codes = [str(number) for number in numbers], [float(number) for number in numbers]
        labels[0], labels[-1] = f"{entry.from_} – {entry.low}", f"{entry.to} – {entry.high}"
        also = [[] for _ in labels]
        also[0], also[-1] = [entry.low, *entry.also_low], [entry.high, *entry.also_high]
    else:
        raise SurveyError(f"{where}: a scale needs labels and codes, or from, to, low and high")
    if not len(labels) == len(codes) == len(also) or len(set(codes)) != len(codes):
        raise SurveyError(f"{where}: labels, codes and also must be equally long, and the codes distinct")
    try:
        scale = Scale(tuple(labels), tuple(entry.scores or codes))
    except ValueError as error:
        raise SurveyError(f"{where}: {error}") from error
    words = {normalise(text): i for i, texts in enumerate(also) for text in (labels[i], *texts)}
    return StoredScale(scale, tuple(codes), words)


def code_list(codes: Sequence[float], words: Mapping[str, int] | None = None) -> StoredScale:
    """A bare list of codes, for variables that are no response scale: positions are those in the list."""
    numbers = tuple(range(len(codes)))
    return StoredScale(Scale(tuple(map(str, numbers)), numbers), tuple(codes), words or {})
