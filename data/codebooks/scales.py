"""A response scale as a codebook or an instrument writes it, and the ways a file may store its options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from value_personas.data.codebooks.file import ScaleEntry
from value_personas.data.codebooks.missing import normalise
from value_personas.signatures import Scale, SurveyError

_MOST_OPTIONS = 100  # positions are stored in eight bits, and no answer card is longer


@dataclass(frozen=True)
class StoredScale:
    """A scale with the codes and texts under which files store it.

    Attributes:
        scale: labels and scores.
        codes: the stored code of each option, in the order of the labels.
        words: normalised texts that mean an option → its position.
        low: words within a file's own label that tell the lowest option; ``high``: the highest.
    """

    scale: Scale
    codes: tuple[float, ...]
    words: Mapping[str, int]
    low: tuple[str, ...] = ()
    high: tuple[str, ...] = ()

    @property
    def positions(self) -> dict[float, int]:
        """Stored code → position."""
        return {code: position for position, code in enumerate(self.codes)}

    def with_codes(self, codes: Sequence[float], where: str) -> "StoredScale":
        """The same options stored under other codes.

        Raises:
            SurveyError: when there is not one distinct code an option.
        """
        if not len(codes) == len(set(codes)) == len(self.codes):
            raise SurveyError(f"{where}: needs {len(self.codes)} distinct codes, got {list(codes)}")
        return replace(self, codes=tuple(codes))


def stored_scale(entry: ScaleEntry, where: str) -> StoredScale:
    """Build a scale from its written form.

    Args:
        entry: labels with codes, or the two ends of a scale of numbers.
        where: the file and entry, for the message.

    Raises:
        SurveyError: when labels, codes and scores do not make a scale.
    """
    labels, codes, also = _options(entry, where)
    if not len(labels) == len(codes) == len(also) or len(set(codes)) != len(codes):
        raise SurveyError(f"{where}: labels, codes and also must be equally long, and the codes distinct")
    if len(labels) > _MOST_OPTIONS:
        raise SurveyError(f"{where}: a scale has at most {_MOST_OPTIONS} options, got {len(labels)}")
    try:
        scale = Scale(tuple(labels), tuple(entry.scores or codes))
    except ValueError as error:
        raise SurveyError(f"{where}: {error}") from error
    words = _words(labels, also, where)
    return StoredScale(scale, tuple(codes), words, tuple(entry.low_words), tuple(entry.high_words))


def _options(entry: ScaleEntry, where: str) -> tuple[list[str], list[float], list[list[str]]]:
    """Labels, codes and other words of the options, in the order of the answer card."""
    ends = (entry.from_, entry.to, entry.low, entry.high)
    if entry.labels is not None and entry.codes is not None and ends == (None,) * 4:
        return list(entry.labels), list(entry.codes), entry.also or [[] for _ in entry.labels]
    if entry.labels or entry.codes or entry.from_ is None or entry.to is None:
        raise SurveyError(f"{where}: a scale needs labels and codes, or from, to, low and high")
    options = entry.to - entry.from_ + 1
    if not entry.low or not entry.high or not 2 <= options <= _MOST_OPTIONS:
        raise SurveyError(
            f"{where}: a scale of numbers needs low, high and 2 to {_MOST_OPTIONS} points, got {options}"
        )
    numbers = range(entry.from_, entry.to + 1)
    labels = [str(number) for number in numbers]
    labels[0], labels[-1] = f"{entry.from_} – {entry.low}", f"{entry.to} – {entry.high}"
    also: list[list[str]] = [[] for _ in labels]
    also[0], also[-1] = [entry.low, *entry.also_low], [entry.high, *entry.also_high]
    return labels, [float(number) for number in numbers], also


def _words(labels: Sequence[str], also: Sequence[Sequence[str]], where: str) -> dict[str, int]:
    """Normalised text → position; a text that means two options is refused."""
    words: dict[str, int] = {}
    for position, texts in enumerate(also):
        for text in (labels[position], *texts):
            if words.setdefault(normalise(text), position) != position:
                raise SurveyError(f"{where}: {text!r} stands for two options; expected one meaning a word")
    return words
