"""How far persona means are linear in the value items, against a refit without each persona in turn."""

import numpy as np
import pandas as pd
import pytest

from value_personas.experiments.evaluation.explained import (
    explained_share,
    filling_notes,
    filling_shifts,
)
from value_personas.programs import PanelResult
from value_personas.signatures import Persona, Profile, Question, Scale


def panel(noise: float, people: int = 40) -> tuple[PanelResult, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.integers(1, 5, (people, 2)).astype(float)
    weight = rng.uniform(0.5, 2, people)
    share = np.clip(0.1 * x[:, 0] + 0.05 * x[:, 1] + noise * rng.normal(size=people), 0.01, 0.99)
    personas = tuple(
        Persona("values-hedged", "", float(w), "XNA", Profile(("a", "b"), (float(p), float(q))))
        for w, (p, q) in zip(weight, x, strict=True)
    )
    unknown = np.full((people, 1), np.nan)
    log_p = np.log(np.column_stack([1 - share, share]))[:, None, :]
    missing = np.full((people, 1), -1, dtype=np.int8)
    question = Question("q", "?", Scale(("no", "yes"), (0.0, 1.0)))
    nan = np.full(1, np.nan)
    return PanelResult(personas, (question,), log_p, unknown, unknown, missing, nan, nan), x, weight, share


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.3])
def test_it_is_the_error_of_refits_without_each(noise: float) -> None:
    result, x, weight, y = panel(noise)
    design = np.column_stack([np.ones(len(x)), x])
    left_out = []
    for i in range(len(x)):
        kept = np.arange(len(x)) != i
        root = np.sqrt(weight[kept])
        beta = np.linalg.lstsq(root[:, None] * design[kept], root * y[kept], rcond=None)[0]
        left_out.append(y[i] - design[i] @ beta)
    mean = np.average(y, weights=weight)
    expected = 1 - weight @ np.square(left_out) / (weight @ (y - mean) ** 2)
    assert explained_share(result) == pytest.approx(expected, abs=1e-9)
    if not noise:
        assert expected > 0.95


def test_filling_in_moves_predictions_by_the_slopes() -> None:
    """Of personas that answer linearly the shift is that of the items, weighted by what each does."""
    result, *_ = panel(0.0)
    moved = pd.DataFrame({"a": [0.2], "b": [-0.1], "unknown": [9.0]}, index=["XNA"])
    (shift,) = filling_shifts(result, moved)
    assert shift == pytest.approx(0.1 * 0.2 - 0.05 * 0.1, abs=2e-4)
    (note,) = filling_notes({"values-hedged": result}, moved)
    assert f"about {abs(shift):.4f} of the scale" in note
    assert not list(filling_notes({"values-hedged": result}, pd.DataFrame()))
    assert not list(filling_notes({"values-hedged": result}, moved.rename(index={"XNA": "XNB"})))
