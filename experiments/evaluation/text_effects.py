"""How far answers hang on how a person was put into words: the order of items, and the wordings drawn."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from value_personas.experiments.fieldwork.asking import Asked
from value_personas.experiments.recipe.personas import PersonaTextSection
from value_personas.programs import PanelResult, estimate_populations
from value_personas.signatures import Array


@dataclass(frozen=True, slots=True)
class TextEffect:
    """The spread over several texts of the same persons.

    Attributes:
        texts: how many texts each person had.
        answers: mean total variation between a person's answers under two of the texts, in [0, 1].
        means: standard deviation of a population's predicted mean over the texts, as a share of the scale,
            averaged over cells.
    """

    texts: int
    answers: float
    means: float


def text_effect(panel: PanelResult, max_missing: float = 0.2) -> TextEffect | None:
    """Compare the texts of each person; None where each person had one only.

    Args:
        panel: texts of one person stand beside each other, numbered by ``Persona.replicate``.
        max_missing: as in ``estimate_populations``.
    """
    texts = max((persona.replicate for persona in panel.personas), default=0) + 1
    if texts == 1:
        return None
    p = np.exp(panel.log_p)
    pairs = [_distance(p[i::texts], p[j::texts]) for i, j in combinations(range(texts), 2)]
    means = np.stack([_means(panel, start, texts, max_missing) for start in range(texts)])
    return TextEffect(texts, float(np.nanmean(pairs)), float(np.nanmean(means.std(axis=0, ddof=1))))


def _distance(p: Array, q: Array) -> Array:
    """Total variation, shape (persons, M); NaN where either answer is missing."""
    missing = np.isnan(p[:, :, 0]) | np.isnan(q[:, :, 0])
    return np.asarray(np.where(missing, np.nan, 0.5 * np.nansum(np.abs(p - q), axis=2)))


def _means(panel: PanelResult, start: int, texts: int, max_missing: float) -> Array:
    """Population means by one of the texts alone, as a share of the scale, shape (C, M)."""
    estimate = estimate_populations(
        panel.personas[start::texts], panel.questions, panel.log_p[start::texts], max_missing
    )
    shares = np.full(estimate.missing_share.shape, np.nan)
    for m, question in enumerate(panel.questions):
        r = question.scale.values
        shares[:, m] = estimate.probabilities[:, m, : len(r)] @ ((r - r[0]) / (r[-1] - r[0]))
    return shares


def text_notes(asked: Asked, section: PersonaTextSection, wordings: int, max_missing: float) -> Iterator[str]:
    """What a reader must know of the texts: how many wordings, whose words, and how much hangs on them."""
    varied = _varied(section, wordings)
    for variant, table in asked.descriptors.items():
        if own := sum(d.writer == "override" for d in table.descriptors):
            yield f"{own} of {len(table.descriptors)} {variant} descriptors are a person's own texts"
    for kind, panel in asked.panels.items():
        if effect := text_effect(panel, max_missing):
            yield (
                f"{kind}: between {effect.texts} texts of a person that differ in {varied}, answers move by "
                f"{effect.answers:.3f} (total variation), population means by {effect.means:.4f} of the scale"
            )


def _varied(section: PersonaTextSection, wordings: int) -> str:
    order = section.order in ("both", "shuffled")
    # Put both ways round, the two texts of a person share their wordings.
    wording = wordings > 1 and (section.order != "both" or (section.replicates or 2) > 2)
    found = [name for name, differs in (("the order of items", order), ("wording", wording)) if differs]
    return " and ".join(found) or "nothing"
