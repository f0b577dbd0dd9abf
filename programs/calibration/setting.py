"""A calibration setting, and the frozen record of one that was fitted."""

from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Literal, TypeVar, cast

import numpy as np
from pydantic import Field

from value_personas.programs.calibration.methods import (
    Calibrator,
    DirichletCalibration,
    EndPointMix,
    MaximumEntropyMix,
    PlainTemperature,
    PooledShape,
    Tilt,
    Uncalibrated,
    UniformShrinkage,
)
from value_personas.signatures import Array, Frozen, OfForm, StatisticsError

Part = TypeVar("Part")

MethodName = Literal[
    "none", "tilt", "temperature", "uniform", "maximum-entropy", "end-points", "pooled-shape", "dirichlet"
]
Level = Literal["persona", "population"]
Grouping = Literal["all", "scale_length", "topic"]

GroupName = Annotated[str, Field(max_length=200), OfForm(r"^[^\x00-\x1f\x7f]*$", "printable characters")]
"""Of the questions of a scale length or a topic."""

METHODS: dict[str, type[Calibrator]] = {
    one.name: one
    for one in (
        Uncalibrated, Tilt, PlainTemperature, UniformShrinkage, MaximumEntropyMix, EndPointMix, PooledShape,
        DirichletCalibration,
    )
}  # fmt: skip
"""Name → what calibrates so, and says what is known of it; ``MethodName`` names them for type checkers."""


class DirichletMap(Frozen):
    """W and b of one scale length."""

    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]


class Setting(Frozen):
    """How answers are calibrated, complete enough to be applied.

    Attributes:
        method: its name (``MethodName``).
        level: each persona's answers, then averaged; or the population's average.
        per: whether one strength serves all questions, those of a scale length, or those of a topic.
        strength: group → T (tilt, temperature) or λ; a group that is not named takes ``all``, or else the
            (geometric, for T) mean of those named.
        alpha: pseudo-count of the Dirichlet smoothing of counted answers; 0 for none.
        keeps_mean_of: the mean is taken before smoothing (``raw``) or after it (``smoothed``).
        shapes: scale length → pooled human shape.
        maps: scale length → Dirichlet calibration.
        penalty: the regularisation with which ``maps`` were fitted.
    """

    method: MethodName = "tilt"
    level: Level = "persona"
    per: Grouping = "all"
    strength: dict[GroupName, Annotated[float, Field(ge=0.0, le=1e4)]] = Field(default_factory=dict)
    alpha: Annotated[float, Field(ge=0.0)] = 0.0
    keeps_mean_of: Literal["raw", "smoothed"] = "raw"
    shapes: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    maps: dict[str, DirichletMap] = Field(default_factory=dict)
    penalty: Annotated[float, Field(ge=0.0)] = 0.01

    def strengths(self, groups: Sequence[str]) -> Array:
        """The strength of each question, by the name of its group."""
        if not self.strength:
            return np.ones(len(groups))
        values = list(self.strength.values())
        if METHODS[self.method].strength == "T":
            middle = float(np.exp(np.mean(np.log(values))))
        else:
            middle = float(np.mean(values))
        other = self.strength.get("all", middle)
        return np.array([self.strength.get(name, other) for name in groups])

    def in_one_line(self) -> str:
        """The calibration in one line, for a table's caption or a paper."""
        symbol = METHODS[self.method].strength
        parts = [f"{name}: {symbol} = {value:.4g}" for name, value in self.strength.items()]
        text = f"{self.method} at {self.level} level"
        if parts:
            text += " (" + ", ".join(parts) + ")"
        if self.alpha:
            text += (
                f", counts smoothed with α = {self.alpha:g}, mean of the {self.keeps_mean_of} answers kept"
            )
        return text


class FittedCalibration(Frozen):
    """A chosen setting and where it comes from; small, frozen, JSON.

    Attributes:
        setting: what is applied.
        countries: codes that it was fitted on.
        questions: codes that it was fitted on.
        objective: the score that chose it.
        value: that score on the training cells; of a method that learns shapes or maps, over folds of
            training countries that these were not learnt from. Of a tilt or a mix it is the optimum on what
            it was fitted to.
        folds: fold → its score.
        study: the study that found it, as name and storage.
        trials: how many settings were tried.
        oracle: whether it was fitted on the very cells it is to be judged on.
        synthetic: which parts of the answers were synthetic.
        aliases: question → its IVS code and its battery, as far as it has them: the same question in another
            survey, and questions too alike to be held out from it.
        kind: the persona kind whose answers it was fitted to; empty in records of earlier versions.
        respondent: what gave the answers; likewise.
        elicitation: how they were got; likewise.
    """

    setting: Setting
    countries: tuple[str, ...]
    questions: tuple[str, ...]
    objective: str
    value: float
    folds: dict[str, float] = Field(default_factory=dict)
    study: str = ""
    trials: int = 0
    oracle: bool = False
    synthetic: tuple[str, ...] = ()
    aliases: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    kind: str = ""
    respondent: str = ""
    elicitation: str = ""

    def has_seen(self, country: str, question: str, names: Collection[str] = ()) -> bool:
        """Whether a cell's country or question, by its code or another of its names, was fitted on."""
        known = {question, *names}
        return country in self.countries or any(
            known & {code, *self.aliases.get(code, ())} for code in self.questions
        )


def group_names(per: Grouping, lengths: Sequence[int], topics: Sequence[str]) -> tuple[str, ...]:
    """The group of each question."""
    if per == "all":
        return ("all",) * len(topics)
    return tuple(str(k) for k in lengths) if per == "scale_length" else tuple(topics)


def build_calibrator(setting: Setting, strength: float | Array, k: int) -> Calibrator:
    """The calibrator of one group of rows.

    Args:
        setting: a complete setting.
        strength: T or λ, a number or one for each row.
        k: the rows' scale length, where the method's parts depend on it.

    Raises:
        StatisticsError: when the setting has no part for scales of k options.
    """
    if setting.method == "pooled-shape":
        return PooledShape(strength, np.array(_part(setting.shapes, k, "pooled shape")))
    if setting.method == "dirichlet":
        one = _part(setting.maps, k, "Dirichlet map")
        return DirichletCalibration(np.array(one.weights), np.array(one.bias))
    method = METHODS[setting.method]
    made = cast("Callable[..., Calibrator]", method)  # each has an argument of its own, or none
    return made(strength) if method.strength else made()


def _part(parts: dict[str, Part], k: int, what: str) -> Part:
    if str(k) not in parts:
        raise StatisticsError(
            f"no {what} was fitted for scales of {k} options; train on questions of that length, or choose a "
            "method without fitted parts"
        )
    return parts[str(k)]
