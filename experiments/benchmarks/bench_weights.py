"""What calibrated weights bring on the embedded population, as its respondent is made less additive.

    python -m value_personas.experiments.benchmarks.bench_weights [--draws 400] [--respondents 1200]

Every respondent of three countries is asked as a hedged persona of values; then samples are drawn of them.
For each amount of ``respondent.parameters.unadditive`` it prints the share of persona means that is linear in
the items (R² of all respondents), and for each n the variance of estimated means against that of as many
independent draws, with the walk alone and with calibrated weights, the largest bias in standard errors, and
how often the jackknife's 95 % interval holds the mean over all respondents. Means over countries and
questions; the ± is the standard error of the simulation (ten blocks of samples).

Beside the variance with calibrated weights stands what it should be. A calibrated mean varies as the mean of
what the items leave unexplained (Deville & Särndal 1992, Journal of the American Statistical Association
87(418)), times 1 + the squared variation of the weights (Kish 1965, Survey Sampling). So it hangs on R² and
on how much of the rest the walk evens out: much where people who are near each other answer alike. And last
stands what was found on 1,190 real people's profiles and 64 questions of about this R².
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import t

from value_personas import load_recipe, run
from value_personas.data import (
    ProfileTable,
    read_survey,
    sample_profiles,
    standardised_items,
    value_profiles,
)
from value_personas.experiments.evaluation.answers import Answers, panel_file
from value_personas.experiments.workspace.tables import read_table
from value_personas.signatures import Array, Integers

_KIND = "values-hedged"
_SIZES = (50, 100, 200)
_BLOCKS = 10
_WIDTHS = (10, 6, 5, 16, 16, 10, 6, 10, 15)
_ON_REAL_PROFILES = {
    0.0: ((0.47, 0.006), (0.29, 0.004), (0.20, 0.003)),
    0.9: ((0.55, 0.23), (0.40, 0.18), (0.31, 0.13)),
    1.15: ((0.63, 0.45), (0.53, 0.38), (0.42, 0.29)),
}
"""Amount → of each size, the walk's variance and that of calibrated weights, at R² of 1, .75 and .55."""


@dataclass(frozen=True)
class World:
    """All respondents and what the persona of each answers.

    Attributes:
        profiles: of all.
        means: country → shape (N, M), persona means as shares of the scale, in the order of the profiles.
    """

    profiles: ProfileTable
    means: dict[str, Array]


def asked_world(
    folder: Path,
    unadditive: float,
    countries: tuple[str, ...] = ("XNA", "XND", "XNF"),
    respondents: int = 1200,
) -> World:
    """Ask every respondent's persona, without what hides how answers hang on values.

    Args:
        folder: for the workspace.
        unadditive: of the respondent.
        countries: of the embedded population.
        respondents: a country.
    """
    settings = {
        "workspace": folder, "survey.respondents": respondents, "survey.countries": list(countries),
        "personas": [_KIND], "profiles.design": "all", "hypotheses": [], "calibration.kinds": [],
        "cultural_map.ask": False, "respondent.parameters.unadditive": unadditive,
        "respondent.parameters.interplay": 0.0, "respondent.parameters.refusal_rate": 0.0,
    }  # fmt: skip
    result = run(
        load_recipe("quickstart", tuple(f"{name}={_toml(v)}" for name, v in settings.items())), False
    )
    survey = read_survey(str(next(folder.rglob("*.sav"))), countries=countries)
    profiles = value_profiles(survey)
    answers = Answers.load(panel_file(result.folder, _KIND))
    personas = read_table(result.folder / "personas")
    width = np.nanmax(answers.scores, axis=1) - np.nanmin(answers.scores, axis=1)
    scores = np.nan_to_num(answers.scores) / width[:, None]
    means = {}
    for c, country in enumerate(answers.countries):
        p = np.where(answers.mask[:, None], np.exp(np.nan_to_num(answers.log_p[c], nan=-np.inf)), 0.0)
        by_persona = np.einsum("mnk,mk->nm", p, scores)
        frame, _ = profiles.of(country)
        own = personas[personas["country"] == country].sort_values("persona")
        place = {_told(row): n for n, row in enumerate(own[list(frame.columns)].to_numpy(np.float64))}
        means[country] = by_persona[[place[_told(row)] for row in frame.to_numpy(np.float64)]]
    return World(profiles, means)


def _told(row: Array) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in row)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def linear_share(world: World) -> float:
    """R² of persona means on the standardised items, over all respondents; the mean of all questions."""
    found = []
    for country, y in world.means.items():
        _, share, _ = _population(world, country)
        found.append(1.0 - share @ _unexplained(world, country) ** 2 / (share @ (y - share @ y) ** 2))
    return float(np.mean(found))


def _unexplained(world: World, country: str) -> Array:
    """What the items leave of persona means, shape (N, M), 0 on average."""
    z, share, _ = _population(world, country)
    root = np.sqrt(share)[:, None]
    x, y = np.column_stack([np.ones(len(z)), z]), world.means[country]
    return np.asarray(y - x @ np.linalg.lstsq(root * x, root * y, rcond=None)[0])


@dataclass(frozen=True)
class Simulated:
    """What samples of n respondents come to.

    Attributes:
        walk: variance by the design weights, as a share of independent draws'.
        calibrated: by calibrated weights.
        walk_error: standard error of the first.
        error: of the second.
        expected: what the second should be, of the same samples.
        bias: the largest of any country and question by calibrated weights, in standard errors of a sample.
        coverage: of the jackknife's 95 % intervals.
    """

    walk: float
    calibrated: float
    walk_error: float
    error: float
    expected: float
    bias: float
    coverage: float


def simulate(world: World, n: int, draws: int) -> Simulated:
    """Draw samples of n in each country and estimate every question's mean from each."""
    ratios: dict[bool, list[Array]] = {False: [], True: []}
    expected, bias, inside = [], [], []
    for country, y in world.means.items():
        _, share, rows = _population(world, country)
        truth, left, loss = share @ y, _unexplained(world, country), np.empty(draws)
        independent = (share @ y**2 - truth**2) / n
        for calibrate, found in ratios.items():
            errors, rest = np.empty((draws, y.shape[1])), np.empty((draws, y.shape[1]))
            for seed in range(draws):
                drawn = sample_profiles(world.profiles, country, n, seed=seed, calibrate=calibrate)
                at = np.searchsorted(rows, drawn.respondents)
                errors[seed], rest[seed] = drawn.draw_weights @ y[at] - truth, left[at].mean(axis=0)
                if calibrate:
                    loss[seed] = n * (drawn.draw_weights**2).sum()
                    left_out = drawn.jackknife @ y[at]
                    groups = len(left_out)
                    spread = ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)
                    half = t.ppf(0.975, groups - 1) * np.sqrt((groups - 1) / groups * spread)
                    inside.append(abs(errors[seed]) <= half)
            blocks = [np.delete(errors, np.s_[part::_BLOCKS], axis=0) for part in range(_BLOCKS)]
            found.append(np.stack([one.var(axis=0) / independent for one in (errors, *blocks)]))
            if calibrate:
                bias.append(abs(errors.mean(axis=0)) / errors.std(axis=0))
                expected.append(loss.mean() * rest.var(axis=0) / independent)
    walk, calibrated = (np.mean([one.mean(axis=1) for one in found], axis=0) for found in ratios.values())
    spreads = [
        ((_BLOCKS - 1) / _BLOCKS * ((v[1:] - v[1:].mean()) ** 2).sum()) ** 0.5 for v in (walk, calibrated)
    ]
    return Simulated(
        walk=float(walk[0]),
        calibrated=float(calibrated[0]),
        walk_error=float(spreads[0]),
        error=float(spreads[1]),
        expected=float(np.mean(expected)),
        bias=float(np.max(bias)),
        coverage=float(np.mean(inside)),
    )


def _population(world: World, country: str) -> tuple[Array, Array, Integers]:
    """Standardised items, shares and rows of all respondents of a country."""
    frame, weight = world.profiles.of(country)
    share = weight / weight.sum()
    return standardised_items(frame.to_numpy(np.float64), share), share, frame.index.to_numpy(np.int64)


def main() -> None:
    """Print a row for each amount and size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=400, help="samples for each country and n")
    parser.add_argument("--respondents", type=int, default=1200, help="of the embedded population, a country")
    options = parser.parse_args()
    heads = (
        "unadditive",
        "R²",
        "n",
        "walk alone",
        "calibrated",
        "expected",
        "bias",
        "coverage",
        "real profiles",
    )
    print("".join(f"{head:>{width}}" for head, width in zip(heads, _WIDTHS, strict=True)))
    for unadditive in _ON_REAL_PROFILES:
        with tempfile.TemporaryDirectory() as folder:
            world = asked_world(Path(folder), unadditive, respondents=options.respondents)
        share = linear_share(world)
        for n, (walk, calibrated) in zip(_SIZES, _ON_REAL_PROFILES[unadditive], strict=True):
            found = simulate(world, n, options.draws)
            row = (
                f"{unadditive}",
                f"{share:.2f}",
                f"{n}",
                f"{found.walk:.3f} ±{found.walk_error:.3f}",
                f"{found.calibrated:.3f} ±{found.error:.3f}",
                f"{found.expected:.3f}",
                f"{found.bias:.2f}",
                f"{found.coverage:.3f}",
                f"{walk:g} → {calibrated:g}",
            )
            print("".join(f"{one:>{width}}" for one, width in zip(row, _WIDTHS, strict=True)), flush=True)


if __name__ == "__main__":
    main()
