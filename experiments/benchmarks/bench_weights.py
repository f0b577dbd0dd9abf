"""What calibrated weights bring on the embedded population, as its respondent is made less additive.

    python -m value_personas.experiments.benchmarks.bench_weights [--draws 400] [--respondents 1200]

Every respondent of three countries is asked as a hedged persona of values; then samples are drawn of them.
For each amount of ``respondent.parameters.unadditive`` it prints the share of persona means that is linear in
the items (R² of all respondents), and for each n the variance of estimated means against that of as many
independent draws, with the walk alone and with calibrated weights, the largest bias in standard errors, and
how often the jackknife's 95 % interval holds the mean over all respondents. Means over countries and
questions; the ± is the standard error of the simulation (ten blocks of samples).
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
_UNADDITIVE = (0.0, 0.55, 0.88)
_BLOCKS = 10


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
        z, share, _ = _population(world, country)
        x = np.sqrt(share)[:, None] * np.column_stack([np.ones(len(z)), z])
        of = np.sqrt(share)[:, None] * (y - share @ y)
        left = of - x @ np.linalg.lstsq(x, of, rcond=None)[0]
        found.append(1.0 - (left**2).sum(axis=0) / (of**2).sum(axis=0))
    return float(np.mean(found))


@dataclass(frozen=True)
class Simulated:
    """What samples of n respondents come to.

    Attributes:
        walk: variance by the design weights, as a share of independent draws'.
        calibrated: by calibrated weights.
        walk_error: standard error of the first.
        error: of the second.
        bias: the largest of any country and question by calibrated weights, in standard errors of a sample.
        coverage: of the jackknife's 95 % intervals.
    """

    walk: float
    calibrated: float
    walk_error: float
    error: float
    bias: float
    coverage: float


def simulate(world: World, n: int, draws: int) -> Simulated:
    """Draw samples of n in each country and estimate every question's mean from each."""
    ratios: dict[bool, list[Array]] = {False: [], True: []}
    bias, inside = [], []
    for country, y in world.means.items():
        _, share, rows = _population(world, country)
        truth = share @ y
        independent = (share @ y**2 - truth**2) / n
        for calibrate, found in ratios.items():
            errors = np.empty((draws, y.shape[1]))
            for seed in range(draws):
                drawn = sample_profiles(world.profiles, country, n, seed=seed, calibrate=calibrate)
                of = y[np.searchsorted(rows, drawn.respondents)]
                errors[seed] = drawn.draw_weights @ of - truth
                if calibrate:
                    left_out = drawn.jackknife @ of
                    groups = len(left_out)
                    spread = ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)
                    half = t.ppf(0.975, groups - 1) * np.sqrt((groups - 1) / groups * spread)
                    inside.append(abs(errors[seed]) <= half)
            blocks = [np.delete(errors, np.s_[part::_BLOCKS], axis=0) for part in range(_BLOCKS)]
            found.append(np.stack([one.var(axis=0) / independent for one in (errors, *blocks)]))
            if calibrate:
                bias.append(abs(errors.mean(axis=0)) / errors.std(axis=0))
    walk, calibrated = (np.mean([one.mean(axis=1) for one in found], axis=0) for found in ratios.values())
    left = [
        ((_BLOCKS - 1) / _BLOCKS * ((v[1:] - v[1:].mean()) ** 2).sum()) ** 0.5 for v in (walk, calibrated)
    ]
    return Simulated(
        walk=float(walk[0]),
        calibrated=float(calibrated[0]),
        walk_error=float(left[0]),
        error=float(left[1]),
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
    print(
        f"{'unadditive':>10}{'R²':>6}{'n':>5}{'walk alone':>16}{'calibrated':>16}{'bias':>6}{'coverage':>10}"
    )
    for unadditive in _UNADDITIVE:
        with tempfile.TemporaryDirectory() as folder:
            world = asked_world(Path(folder), unadditive, respondents=options.respondents)
        share = linear_share(world)
        for n in _SIZES:
            found = simulate(world, n, options.draws)
            print(
                f"{unadditive:>10}{share:>6.2f}{n:>5}{found.walk:>9.3f} ±{found.walk_error:.3f}"
                f"{found.calibrated:>9.3f} ±{found.error:.3f}{found.bias:>6.2f}{found.coverage:>10.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
