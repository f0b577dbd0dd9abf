"""Value items that are built from several questions: post-materialism and the autonomy index."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from value_personas.data.codebooks.codebook import StoredItem
from value_personas.data.codebooks.file import AimsRule, AutonomyRule
from value_personas.data.codebooks.instruments import part_words
from value_personas.data.codebooks.missing import code_of_kind, normalise
from value_personas.data.codebooks.scales import StoredScale
from value_personas.data.survey.decoding import Coded
from value_personas.data.survey.labels import Key, Meanings

Part = Callable[[str, Meanings], Coded]


def build_item(item: StoredItem, stored: StoredScale, part: Part) -> Coded:
    """Build a composite item.

    Args:
        item: an item with a build rule.
        stored: the item's scale in its instrument.
        part: gives the answers of a column by the codebook's name, 1 where they tell toward the item's other
            end than 0 does.

    Returns:
        Shape (n,), positions on the item's scale; where a part is missing, the kind of the first such part.
    """
    low, high = part_words(item.code)
    words = {**{normalise(text): 0 for text in low}, **{normalise(text): 1 for text in high}}
    if isinstance(item.build, AimsRule):
        return _post_materialism(item.build, words, part)
    assert isinstance(item.build, AutonomyRule)
    return _autonomy(item.build, stored, words, part)


def _meanings(
    no: Sequence[float], yes: Sequence[float], words: Mapping[str, int], names: tuple[str, str]
) -> Meanings:
    codes: dict[Key, int] = {**dict.fromkeys(no, 0), **dict.fromkeys(yes, 1)}
    return Meanings(codes, words, names)


def _post_materialism(rule: AimsRule, words: Mapping[str, int], part: Part) -> Coded:
    """Both aims materialist → the lowest option, both post-materialist → the highest, else the middle one."""
    names = ("a materialist aim", "a post-materialist aim")
    meanings = _meanings(rule.materialist, rule.post_materialist, words, names)
    aims = [part(name, meanings) for name in (rule.first, rule.second)]
    post = [aim == 1 for aim in aims]
    position = (post[0].astype(np.int8) + post[1].astype(np.int8)).astype(np.int8)
    return _keep_missing(position, aims)


def _autonomy(rule: AutonomyRule, stored: StoredScale, words: Mapping[str, int], part: Part) -> Coded:
    """Qualities of autonomy mentioned − qualities of obedience mentioned, −2 … +2."""
    meanings = _meanings(rule.not_mentioned, [rule.mentioned], words, ("not mentioned", "mentioned"))
    parts = [part(name, meanings) for name in (*rule.plus, *rule.minus)]
    mentioned = [(answers == 1).astype(np.int8) for answers in parts]
    index = sum(mentioned[: len(rule.plus)]) - sum(mentioned[len(rule.plus) :])
    lowest = -len(rule.minus)
    places = [stored.positions[float(score)] for score in range(lowest, len(rule.plus) + 1)]
    return _keep_missing(np.array(places, dtype=np.int8)[np.asarray(index) - lowest], parts)


def _keep_missing(position: Coded, parts: list[Coded]) -> Coded:
    result = position.copy()
    for part in reversed(parts):
        result[part < 0] = part[part < 0]
    assert result.min(initial=0) >= code_of_kind("unreadable")
    return result
