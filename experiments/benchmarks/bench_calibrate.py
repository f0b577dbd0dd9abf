"""One trial of a calibration search: 20 countries × 40 questions × 200 personas, all folds scored.

``python -m value_personas.experiments.benchmarks.bench_calibrate``; set OMP_NUM_THREADS=1 for one core.
The yardstick applies the same setting fold by fold, one question at a time, with nothing prepared.
"""

import time
from collections.abc import Callable, Mapping
from typing import get_args

import numpy as np

from value_personas.experiments.calibration.objective import FoldedObjective
from value_personas.experiments.evaluation.answers import Answers
from value_personas.experiments.scoring import score_cells
from value_personas.programs.calibration import Level, MethodName, Setting, tilt

COUNTRIES, QUESTIONS, PERSONAS = 20, 40, 200
SCORES = ("wasserstein", "variance_ratio")
_TRIED: Mapping[MethodName, float] = {
    "tilt": 2.0, "maximum-entropy": 0.3, "end-points": 0.3, "pooled-shape": 0.3,
}  # fmt: skip


def simulated_panel(lengths: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Answers:
    """Answers with the shape of a real run; their content does not matter for time."""
    rng = np.random.default_rng(0)
    k = int(lengths.max())
    mask = np.arange(k) < lengths[:, None]
    p = rng.gamma(0.7, size=(COUNTRIES, QUESTIONS, PERSONAS, k)) * mask[None, :, None, :]
    p /= p.sum(axis=-1, keepdims=True)
    human = rng.gamma(2.0, size=(COUNTRIES, QUESTIONS, k)) * mask
    human /= human.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):
        log_p = np.where(mask[None, :, None, :], np.log(p), np.nan)
    codes = tuple(f"Q{m}" for m in range(QUESTIONS))
    return Answers(
        log_p=log_p,
        human=np.where(mask, human, np.nan),
        weights=np.full((COUNTRIES, PERSONAS), 1 / PERSONAS),
        mask=mask,
        scores=np.where(mask, np.arange(1.0, k + 1), np.nan),
        countries=tuple(f"C{c}" for c in range(COUNTRIES)),
        zones=tuple(f"Z{c // 3}" for c in range(COUNTRIES)),
        questions=codes,
        topics=("all",) * QUESTIONS,
        near=(False,) * QUESTIONS,
        batteries=codes,
    )


def unprepared_trial(panel: Answers, temperature: float) -> None:
    """The same trial as one would first write it."""
    for zone in dict.fromkeys(panel.zones):
        c = [i for i, name in enumerate(panel.zones) if name == zone]
        for m, k in enumerate(panel.lengths):
            q = tilt(np.exp(panel.log_p[c, m, :, :k]), panel.scores[m, :k], temperature)
            estimate = np.einsum("cn,cnk->ck", panel.weights[c], q)
            score_cells(panel.human[c, m, :k], estimate, panel.scores[m, :k])


def milliseconds(act: Callable[[], object], repeats: int = 7) -> float:
    """The best of several."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - start)
    return 1e3 * min(seconds)


def main() -> None:
    """Print milliseconds a trial, by scale lengths, level and method."""
    mixed = np.resize([4, 4, 4, 10, 10, 5, 4, 5, 10, 4], QUESTIONS)
    for name, lengths in (("4, 5 and 10 options", mixed), ("10 options", np.full(QUESTIONS, 10))):
        panel = simulated_panel(lengths)
        start = time.perf_counter()
        objective = FoldedObjective(panel.training(panel.countries, panel.questions), SCORES)
        objective(Setting(method="none"))
        print(f"{name}: prepared once in {time.perf_counter() - start:.2f} s")
        yardstick = milliseconds(lambda panel=panel: unprepared_trial(panel, 2.0), 3)  # type: ignore[misc]
        print(f"  yardstick, persona level, fold by fold, nothing prepared: {yardstick:.0f} ms")
        for level in get_args(Level):
            for method, strength in _TRIED.items():
                setting = Setting(method=method, level=level, strength={"all": strength})
                objective(setting)
                took = milliseconds(lambda o=objective, s=setting: o(s))  # type: ignore[misc]
                print(f"  {level} level, {method}: {took:.1f} ms a trial ({yardstick / took:.1f} × faster)")


if __name__ == "__main__":
    main()
