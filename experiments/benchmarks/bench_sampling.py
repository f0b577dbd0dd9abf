"""How near a sample of profiles comes to its population, for each design, against simple random draws.

    python -m value_personas.experiments.benchmarks.bench_sampling [--survey FILE] [--draws 400]

For every design and n it prints the root mean square error of the estimated mean of a smooth function of the
profile (a logistic function of the standardised answers, as a respondent's probability to agree would be), as
a multiple of the error of random draws with the same n in the same run. Without a file it uses the synthetic
population. ``marginal`` is biased by intent: its error does not fall with n.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from value_personas.data import (
    DESIGNS,
    ProfileSample,
    ProfileTable,
    read_survey,
    sample_profiles,
    value_profiles,
)
from value_personas.signatures import Array

_SIZES = (10, 25, 50, 100, 200)


def main() -> None:
    """Print a table with a row for each design and a column for each n."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--survey", default=None, help="a survey file; the synthetic population if absent")
    parser.add_argument("--draws", type=int, default=400, help="samples for each design and n")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        profiles = value_profiles(read_survey(options.survey or _synthetic(Path(folder))))
    print(f"countries: {', '.join(profiles.countries)}; {options.draws} samples for each design and n")
    errors = {design: [_error(profiles, design, n, options.draws) for n in _SIZES] for design in DESIGNS}
    print(f"{'root mean square error':<24}" + "".join(f"{'n=' + str(n):>16}" for n in _SIZES))
    for design, found in errors.items():
        cells = [
            f"{error:.5f} ({error / base:4.2f})" if base else f"{error:.5f}"
            for (error, _), (base, _) in zip(found, errors["random"], strict=True)
        ]
        print(f"{design:<24}" + "".join(f"{cell:>16}" for cell in cells))
    print("(in brackets: as a multiple of random draws)")
    speed = {design: np.mean([seconds for _, seconds in found]) * 1e3 for design, found in errors.items()}
    print("milliseconds a sample: " + ", ".join(f"{design} {ms:.1f}" for design, ms in speed.items()))


def _synthetic(folder: Path) -> Path:
    from value_personas.data.synthetic import write_synthetic_survey

    path = folder / "synthetic.sav"
    write_synthetic_survey(path, seed=1)
    return path


def _error(profiles: ProfileTable, design: str, n: int, draws: int) -> tuple[float, float]:
    """Root mean square error over countries and draws, and seconds a sample."""
    squares, seconds = [], 0.0
    for country in profiles.countries:
        frame, weight = profiles.of(country)
        values = frame.to_numpy(np.float64)
        centre, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        smooth = _smooth(np.nan_to_num((values - centre) / spread))
        truth = np.average(smooth, weights=weight)
        for seed in range(draws if design != "all" else 1):
            started = time.perf_counter()
            sample = sample_profiles(profiles, country, n, design, seed, by=str(frame.columns[0]))
            seconds += time.perf_counter() - started
            squares.append((_estimate(sample, list(frame.columns), centre, spread) - truth) ** 2)
    return float(np.sqrt(np.mean(squares))), seconds / len(squares)


def _estimate(sample: ProfileSample, codes: list[str], centre: Array, spread: Array) -> float:
    values = np.array(
        [[profile.as_dict().get(code, np.nan) for code in codes] for profile in sample.profiles]
    )
    standardised = np.nan_to_num((values - centre) / spread)
    return float(sample.weights @ _smooth(standardised))


def _smooth(standardised: Array) -> Array:
    """A probability that depends on all items, with an interaction."""
    signs = np.where(np.arange(standardised.shape[1]) % 2, 1.0, -1.0)
    score = standardised @ signs / np.sqrt(len(signs)) + 0.5 * standardised[:, 0] * standardised[:, -1]
    return np.asarray(1 / (1 + np.exp(-score)))


if __name__ == "__main__":
    main()
