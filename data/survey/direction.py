"""Whether a file stores each value item the way round that its instrument says.

Where the file labels its answers, the labels decide. Where it does not, two kinds of evidence are weighed
as one log ratio of likelihoods, reversed against as stored: how far the country means lie from the published
one, and how the item correlates with items whose direction is beyond doubt.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from value_personas.data.codebooks.instruments import Instrument, ItemNorm
from value_personas.data.codebooks.missing import code_of_kind
from value_personas.data.codebooks.scales import StoredScale
from value_personas.data.formats.plain_text import one_line
from value_personas.data.survey.decoding import Coded
from value_personas.data.survey.labels import end_of, meanings_of
from value_personas.data.survey.survey import ItemColumn, Survey
from value_personas.data.survey.weighting import kish_effective_size
from value_personas.signatures import Array, Integers, Scale, SurveyError

Verdict = Literal["agrees", "leans_with", "unchecked", "leans_against", "contradicts"]

# 20 to 1: beyond it evidence without labels is strong enough to stop a run, or to trust an item.
_STRONG = math.log(20)
_WEAK = 0.9 * _STRONG  # the most that weak evidence may count

# The published spread is that of national samples; fewer effective respondents than this are none, and their
# answers never count as more than weak evidence.
_NATIONAL_SAMPLE = 100


@dataclass(frozen=True)
class DirectionCheck:
    """What was found of one item's direction.

    Attributes:
        item: the item's code.
        column: where the file stores it.
        verdict: ``agrees`` or ``contradicts`` with labels or strong evidence; ``leans_with`` or
            ``leans_against`` with weak evidence; ``unchecked`` with none.
        basis: what it rests on, ``labels`` or ``statistics`` or ``none``.
        evidence: one plain sentence.
        odds_reversed: how many times likelier the answers are if the item is reversed; None for labels.
        settled: ``accepted`` or ``reversed`` where the user decided, else "".
    """

    item: str
    column: str
    verdict: Verdict
    basis: str
    evidence: str
    odds_reversed: float | None = None
    settled: str = ""

    @property
    def stops(self) -> bool:
        """Whether the item cannot be used before the user decides."""
        return self.verdict == "contradicts" and not self.settled


@dataclass(frozen=True)
class _Evidence:
    """What the country means say of one item, as a log ratio, and on how many respondents it rests."""

    from_means: float
    text: str
    respondents: float


def check_directions(survey: Survey, instrument: Instrument) -> tuple[DirectionCheck, ...]:
    """Check every item of an instrument that the survey holds, in the instrument's order."""
    held = survey.item_columns
    columns = {item.code: held[item.code] for item in instrument.items if item.code in held}
    labelled = {code: _by_labels(column, instrument.scales[code]) for code, column in columns.items()}
    means = {code: _from_means(survey, column, instrument.norms[code]) for code, column in columns.items()}
    trusted = {code for code, check in labelled.items() if check and check.verdict == "agrees"}
    trusted |= {
        code
        for code, found in means.items()
        if labelled[code] is None and found and found.from_means <= -_STRONG
    }
    checks = []
    for code, column in columns.items():
        check = labelled[code] or _by_statistics(survey, instrument, column, means[code], trusted - {code})
        checks.append(_settle(check, survey, column))
    return tuple(checks)


def refuse_contradictions(survey: Survey, instrument: Instrument) -> list[str]:
    """Stop where an item is stored the other way round; return warnings where the evidence is weak.

    Raises:
        SurveyError: one line with every such item, its evidence and the two ways on.
    """
    checks = check_directions(survey, instrument)
    _refuse_doubtful(survey, checks)
    stopping = [check for check in checks if check.stops]
    if stopping:
        codes = [check.item for check in stopping]
        found = "; ".join(f"{check.item}: {check.evidence}" for check in stopping)
        seem = "seems" if len(codes) == 1 else "seem"
        turn = " ".join(f"--reverse {code}" for code in codes)
        keep = " ".join(f"--accept {code}" for code in codes)
        raise SurveyError(
            f"{survey.sources[0].path}: {' and '.join(codes)} {seem} stored the other way round than "
            f"codebook {survey.codebook_name} says ({found}). If the file is reversed, read it with {turn}; "
            f"if it is right as it stands, with {keep} (in a recipe: survey.reverse or survey.accept = "
            f"[{', '.join(f'{chr(34)}{code}{chr(34)}' for code in codes)}])"
        )
    return [
        f"{check.item}: {check.evidence}"
        for check in checks
        if check.verdict == "leans_against" or (check.settled and check.verdict == "contradicts")
    ]


def _refuse_doubtful(survey: Survey, checks: Sequence[DirectionCheck]) -> None:
    doubtful = [check for check in checks if check.item in survey.doubtful]
    if not doubtful:
        return
    columns = ", ".join(f"{check.column} ({check.item})" for check in doubtful)
    keep = " ".join(f"--accept {check.item}" for check in doubtful)
    quoted = ", ".join(f'"{check.item}"' for check in doubtful)
    raise SurveyError(
        f"{survey.sources[0].path}: no labels on {columns}, and releases of this survey differ in the codes "
        "of the options; take a file with value labels, or, where its codes are those of codebook "
        f"{survey.codebook_name}, say so with {keep} (in a recipe: survey.accept = [{quoted}]), or with "
        "--reverse where they run the other way"
    )


def _by_labels(column: ItemColumn, stored: StoredScale) -> DirectionCheck | None:
    """A verdict from the file's own labels, None when they do not tell."""
    positions = sorted(column.labels)
    if len(positions) < 2:
        return None
    low, high = column.labels[positions[0]], column.labels[positions[-1]]
    meanings = meanings_of(stored)
    ends = end_of(low, meanings), end_of(high, meanings)
    quoted = f"the file's own words run from {one_line(low, 60)!r} to {one_line(high, 60)!r}"
    as_stored = ("low" in ends[:1]) or ("high" in ends[1:])
    turned = ("high" in ends[:1]) or ("low" in ends[1:])
    if as_stored == turned:  # neither end speaks, or they speak against each other
        return None
    if column.reversed_by_user:
        as_stored = not as_stored
        quoted += ", and it is read in reverse"
    verdict: Verdict = "agrees" if as_stored else "contradicts"
    return DirectionCheck(column.item.code, column.column, verdict, "labels", quoted)


def _from_means(survey: Survey, column: ItemColumn, norm: ItemNorm) -> _Evidence | None:
    """Compare country means, as stored and turned round, with the published mean and spread of means."""
    if norm.mean is None or norm.country_sd is None:
        return None
    total, stored_means, turned_means, respondents = 0.0, [], [], 0.0
    scores = column.item.scale.values
    for index in range(len(survey.countries)):
        mask = (survey.country_index == index) & (column.coded >= 0) & (survey.weights > 0)
        if not mask.any():
            continue
        answers, weights = scores[column.coded[mask]], survey.weights[mask]
        mean = float(np.average(answers, weights=weights))
        turned = float(np.average(scores[::-1][column.coded[mask]], weights=weights))
        effective = kish_effective_size(weights)
        variance = norm.country_sd**2 + float(np.average((answers - mean) ** 2, weights=weights)) / effective
        total += ((mean - norm.mean) ** 2 - (turned - norm.mean) ** 2) / (2 * variance)
        respondents += effective
        stored_means.append(mean)
        turned_means.append(turned)
    if not stored_means:
        return None
    text = (
        f"mean {np.mean(stored_means):.2f} as stored and {np.mean(turned_means):.2f} reversed, "
        f"where {norm.mean:.2f} is published"
    )
    return _Evidence(total, text, respondents)


def _by_statistics(
    survey: Survey, instrument: Instrument, column: ItemColumn, means: _Evidence | None, trusted: set[str]
) -> DirectionCheck:
    code = column.item.code
    if means is None:
        text = "the file labels none of its answers and nothing is published to compare them with"
        return DirectionCheck(code, column.column, "unchecked", "none", text)
    correlation = _with_trusted(survey, instrument, column, trusted)
    log_ratio = means.from_means
    text = f"its answers bear no labels; {means.text}"
    if correlation is not None:
        value, effective = correlation
        expected, spread = instrument.pattern
        # Normal(+expected) as stored against Normal(−expected) reversed, sampling error included.
        log_ratio -= 2 * value * expected / (spread**2 + 1 / max(effective - 3, 1))
        text += f"; correlation {value:+.2f} with {', '.join(sorted(trusted))} turned toward it"
    if means.respondents < _NATIONAL_SAMPLE:
        text += f"; only {means.respondents:.0f} effective respondents"
        log_ratio = min(max(log_ratio, -_WEAK), _WEAK)
    odds = math.exp(min(max(log_ratio, -700.0), 700.0))
    return DirectionCheck(
        code,
        column.column,
        _verdict(log_ratio),
        "statistics",
        f"{text}; {_odds_text(odds)}",
        odds_reversed=odds,
    )


def _verdict(log_ratio: float) -> Verdict:
    if log_ratio >= _STRONG:
        return "contradicts"
    if log_ratio > 0:
        return "leans_against"
    return "agrees" if log_ratio <= -_STRONG else "leans_with"


def _odds_text(odds: float) -> str:
    ratio, way = (odds, "reversed") if odds > 1 else (1 / odds, "as stored")
    size = f"{ratio:.1f}" if ratio < 100 else f"{ratio:,.0f}" if ratio < 1e6 else "over a million"
    strength = "weak evidence" if abs(math.log(odds)) < _STRONG else "strong evidence"
    return f"{size} times likelier {way} ({strength})"


def _with_trusted(
    survey: Survey, instrument: Instrument, column: ItemColumn, trusted: set[str]
) -> tuple[float, float] | None:
    """Mean within-country correlation with the trusted items' sum, all turned one way, and Σ n_eff."""
    if not trusted:
        return None
    others = [survey.item_columns[code] for code in sorted(trusted)]
    own = _turned_scores(column)
    rest = np.nan_to_num(np.array([_turned_scores(other) for other in others])).mean(axis=0)  # 0: the mean
    values, sizes = [], []
    for index in range(len(survey.countries)):
        mask = (survey.country_index == index) & (survey.weights > 0) & np.isfinite(own)
        weights = survey.weights[mask]
        if len(weights) < 30:  # a correlation of fewer says nothing
            continue
        correlation = _weighted_correlation(own[mask], rest[mask], weights)
        if correlation is not None:
            values.append(correlation)
            sizes.append(kish_effective_size(weights))
    if not values:
        return None
    return float(np.average(values, weights=sizes)), float(np.sum(sizes))


def _turned_scores(column: ItemColumn) -> Array:
    """Standardised answers, high toward self-expression and secular-rational values, NaN where missing."""
    scores = np.append(column.item.scale.values * column.item.sign, np.nan)
    answers = scores[np.where(column.coded >= 0, column.coded, len(scores) - 1)]
    deviation = np.nanstd(answers)
    return np.asarray((answers - np.nanmean(answers)) / (deviation if deviation > 0 else 1.0), np.float64)


def _weighted_correlation(x: Array, y: Array, weights: Array) -> float | None:
    share = weights / weights.sum()
    dx, dy = x - share @ x, y - share @ y
    spread = math.sqrt(float(share @ dx**2) * float(share @ dy**2))
    return float(share @ (dx * dy)) / spread if spread > 0 else None


def _settle(check: DirectionCheck, survey: Survey, column: ItemColumn) -> DirectionCheck:
    """Add the user's decision."""
    settled = "reversed" if column.reversed_by_user else "accepted" if check.item in survey.accepted else ""
    return replace(check, settled=settled)


# Only a long scale can be shortened in the field, and only a large sample can show that it was: with so many
# answers outside the commonest option, an option nobody chose was not on offer.
_LONG_SCALE = 7
_ENOUGH_ANSWERS = 100
_LEAST_UNUSED_SHARE = 1 / 3


def used_options(
    coded: Coded, country: Integers, names: Sequence[str], scale: Scale
) -> tuple[tuple[int, ...], str]:
    """Find a scale that was asked on fewer points than it is stored on.

    Args:
        coded: shape (n,), positions or kinds of missing answers.
        country: shape (n,), positions in ``names``.
        names: country codes.
        scale: the scale of the codebook.

    Returns:
        The positions in use when every country with answers uses the same few, else all; and a sentence on
        what was found, "" when there is nothing to say.
    """
    everything = tuple(range(len(scale)))
    if len(scale) < _LONG_SCALE:
        return everything, ""
    mask = coded >= 0
    cells = country[mask] * len(scale) + coded[mask]
    counts = np.bincount(cells, minlength=len(names) * len(scale)).reshape(len(names), len(scale))
    few = {name: used for name, row in zip(names, counts, strict=True) if (used := _few_points(row))}
    if not few:
        return everything, ""
    patterns = set(few.values())
    answering = int((counts.sum(axis=1) > 0).sum())
    codes = ", ".join(f"{scale.scores[k]:g}" for k in min(patterns))
    if len(patterns) == 1 and len(few) == answering:
        used = patterns.pop()
        return used, f"asked on {len(used)} points, stored as {codes}; this scale is the one that is scored."
    return everything, f"asked on fewer points (such as {codes}) in {', '.join(few)}; compare with care."


def _few_points(counts: Integers) -> tuple[int, ...] | None:
    """The options in use when the sample shows that the others were not on offer, else None."""
    used = tuple(int(k) for k in np.flatnonzero(counts))
    unused = len(counts) - len(used)
    interior = len(used) >= 3 and used[0] == 0 and used[-1] == len(counts) - 1
    enough = counts.sum() - counts.max() >= _ENOUGH_ANSWERS
    return used if interior and enough and unused >= _LEAST_UNUSED_SHARE * len(counts) else None


def cut_scale(scale: Scale, coded: Coded, used: tuple[int, ...]) -> tuple[Scale, Coded]:
    """Keep only the options in use; the scale itself is returned when all are."""
    if len(used) == len(scale):
        return scale, coded
    shorter = Scale(tuple(scale.labels[k] for k in used), tuple(scale.scores[k] for k in used))
    table = np.full(len(scale), code_of_kind("off_scale"), dtype=np.int8)
    table[list(used)] = np.arange(len(used), dtype=np.int8)
    return shorter, np.where(coded >= 0, table[np.maximum(coded, 0)], coded).astype(np.int8)
