"""Three real models on God's importance: each calibration fitted on two countries, judged on the third.

``python -m value_personas.experiments.benchmarks.three_models FILE`` reads
czolgowski_Q164_pmf_human_vs_llm.csv: 63 demographic groups of three countries, each answered by people and,
100 draws each, by three models.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas.experiments.benchmarks.rotation import Rotation, rotate
from value_personas.experiments.evaluation.answers import Answers
from value_personas.experiments.evaluation.measures import worth_rows
from value_personas.experiments.inference import conformal_half_widths, noise_floor
from value_personas.experiments.scoring import score_cells
from value_personas.experiments.scoring.digits import in_people, three_digits
from value_personas.programs.calibration import METHODS, Setting
from value_personas.signatures import Array

DRAWS = 100
OPTIONS = [f"pmf_{k}" for k in range(1, 11)]
SCORES = np.arange(1.0, 11.0)
OBJECTIVE = "wasserstein"
SHOWN = ("normalised_mae", "wasserstein", "js_distance", "kl_divergence")

SETTINGS = (
    Setting(method="none"),
    Setting(method="tilt"),
    Setting(method="tilt", alpha=0.5, keeps_mean_of="raw"),
    Setting(method="tilt", alpha=0.5, keeps_mean_of="smoothed"),
    Setting(method="temperature"),
    Setting(method="temperature", alpha=0.5, keeps_mean_of="smoothed"),
    Setting(method="uniform"),
    Setting(method="maximum-entropy"),
    Setting(method="end-points"),
    Setting(method="pooled-shape"),
    Setting(method="dirichlet", alpha=0.5, keeps_mean_of="smoothed", level="population"),
)


def by_group(frame: pd.DataFrame, model: str) -> Answers:
    """Each demographic group is a cell of its own; its country is its zone."""
    people, answers = _sides(frame, model)
    return _panel(
        answers[:, None, None, :], people[OPTIONS].to_numpy()[:, None, :], np.ones((len(people), 1)),
        people["persona_id"], people["country"], model,
    )  # fmt: skip


def by_country(frame: pd.DataFrame, model: str) -> Answers:
    """Each country is a cell, its groups the personas, weighted by their respondents."""
    people, answers = _sides(frame, model)
    codes = list(dict.fromkeys(people["country"]))
    blocks = [np.flatnonzero(people["country"] == code) for code in codes]
    log_p = np.full((len(codes), 1, max(map(len, blocks)), len(SCORES)), np.nan)
    weights, human = np.zeros((len(codes), log_p.shape[2])), np.zeros((len(codes), 1, len(SCORES)))
    for c, block in enumerate(blocks):
        share = people["n_respondents"].to_numpy(dtype=np.float64)[block]
        log_p[c, 0, : len(block)], weights[c, : len(block)] = answers[block], share / share.sum()
        human[c, 0] = _normalised(share @ people[OPTIONS].to_numpy()[block])
    return _panel(log_p, human, weights, codes, codes, model)


def table(panel: Answers, settings: tuple[Setting, ...]) -> pd.DataFrame:
    """One row for each way of calibrating, in rotation, and the oracles of the tilts that keep the mean."""
    tilts = [s for s in settings if s.method == "tilt" and s.keeps_mean_of == "raw"]
    rotations = [rotate(panel, setting, OBJECTIVE) for setting in settings]
    rotations += [rotate(panel, setting, OBJECTIVE, oracle=True) for setting in tilts]
    return pd.DataFrame([_row(panel, rotation) for rotation in rotations])


def _row(panel: Answers, rotation: Rotation) -> dict[str, object]:
    setting = rotation.setting
    scores = score_cells(panel.human, rotation.estimate, panel.scores, panel.mask)
    before = np.exp(panel.log_p) * panel.weights[:, None, :, None]
    moved = (rotation.estimate - np.nansum(before, axis=2)) @ SCORES
    method = METHODS[setting.method]
    strengths = [record.setting.strength.get("all") for record in rotation.records.values()]
    shown = ", ".join(f"{s:.3g}" for s in strengths if s)
    smoothing = f"α {setting.alpha:g}, {setting.keeps_mean_of} mean" if setting.alpha else "–"
    with np.errstate(divide="ignore"):
        log_ratios = np.log(scores["variance_ratio"])
    row: dict[str, object] = {
        "method": setting.method + (" (oracle)" if rotation.oracle else ""),
        "level": setting.level,
        "smoothing": smoothing,
        "keeps mean": "yes" if method.keeps_mean and setting.keeps_mean_of == "raw" else "no",
        "fitted": "–" if None in strengths else f"{method.strength} {shown}",
        "mean moved": f"{np.abs(moved).mean():.9f}",
    }
    row |= {name: f"{scores[name].mean():.4f}" for name in SHOWN}
    row["median variance ratio"] = f"{np.exp(np.nanmedian(log_ratios)):.3f}"
    return row


def as_predictions(frame: pd.DataFrame, model: str) -> str:
    """A model's worth in people, and the interval of a group's mean made of other countries' groups."""
    panel, people = by_group(frame, model), _people(frame)
    share = (SCORES - SCORES[0]) / (SCORES[-1] - SCORES[0])
    human, predicted = panel.human[:, 0], np.exp(panel.log_p[:, 0, 0])
    off, variance = np.abs((predicted - human) @ share), human @ share**2 - (human @ share) ** 2
    codes = tuple(dict.fromkeys(people["country"]))
    places = [np.flatnonzero(people["country"] == code) for code in codes]
    shape = (len(codes), max(map(len, places)))
    sizes = people["n_respondents"].to_numpy(dtype=np.float64)
    laid = np.full((3, *shape), np.nan)
    for c, block in enumerate(places):
        laid[:, c, : len(block)] = off[block], variance[block], sizes[block]
    rows = worth_rows({model: laid[0]}, laid[1], laid[2], codes, level=0.95, drawn=None)
    (worth,) = (row for row in rows if row["measure"] == "worth_in_people")
    groups = tuple(map(str, range(shape[1])))
    half = conformal_half_widths(laid[0], codes, groups, level=0.9, new=(True, False))
    held = float((laid[0] <= half)[~np.isnan(laid[0])].mean())
    people_worth = (in_people(float(str(worth[name]))) for name in ("estimate", "lower", "upper"))
    return (
        "worth in people {} ({}–{}); a group's mean within ±{} at 90 %, which held in {}".format(
            *people_worth, three_digits(float(np.nanmean(half))), three_digits(held)
        )
    )  # fmt: skip


def _floor(frame: pd.DataFrame) -> str:
    """What people drawn anew from each group would be charged against the group itself."""
    people = _people(frame)
    rng = np.random.default_rng(0)
    floors = []
    for p, n in zip(people[OPTIONS].to_numpy(), people["n_respondents"], strict=True):
        floors.append(noise_floor(p, rng.multinomial(n, p, size=500) / n, SCORES))
    return ", ".join(f"{name} {np.nanmean([floor[name] for floor in floors]):.4f}" for name in SHOWN)


def _people(frame: pd.DataFrame) -> pd.DataFrame:
    people = frame[frame["source"] == "human"].sort_values("persona_id").reset_index(drop=True)
    people[OPTIONS] = _normalised(people[OPTIONS].to_numpy())
    return people


def _sides(frame: pd.DataFrame, model: str) -> tuple[pd.DataFrame, Array]:
    """The human groups, and the model's log-probabilities in the same order."""
    people = _people(frame)
    answers = frame[frame["source"] == model].set_index("persona_id").loc[people["persona_id"]]
    with np.errstate(divide="ignore"):
        return people, np.log(_normalised(answers[OPTIONS].to_numpy()))


def _normalised(p: Array) -> Array:
    """The file gives nine digits."""
    return np.asarray(p / p.sum(axis=-1, keepdims=True))


def _panel(
    log_p: Array, human: Array, weights: Array, codes: Iterable[str], zones: Iterable[str], model: str
) -> Answers:
    return Answers(
        log_p=log_p,
        human=human,
        weights=weights,
        mask=np.ones((1, len(SCORES)), dtype=np.bool_),
        scores=SCORES[None],
        countries=tuple(codes),
        zones=tuple(zones),
        questions=("Q164",),
        topics=("religion",),
        near=(True,),
        batteries=("Q164",),
        draws=DRAWS,
        method=model,
    )


def _markdown(rows: pd.DataFrame) -> str:
    lines = ["| " + " | ".join(rows.columns) + " |", "|" + "---|" * len(rows.columns)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows.itertuples(index=False)]
    return "\n".join(lines)


def main() -> None:
    """Print every table as Markdown."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit("usage: python -m value_personas.experiments.benchmarks.three_models FILE")
    frame = pd.read_csv(sys.argv[1])
    print(
        f"{len(_people(frame))} groups, fitted on {OBJECTIVE}; noise floor of the groups: {_floor(frame)}\n"
    )
    country_settings = tuple(
        setting.model_copy(update={"level": level})
        for setting in SETTINGS
        for level in ("persona", "population")
        if level == "population" or setting.method not in ("none", "dirichlet")
    )
    ordered = (SETTINGS[0].model_copy(update={"level": "population"}), *country_settings[1:])
    for model in [name for name in dict.fromkeys(frame["source"]) if name != "human"]:
        print(f"### {model}: as predictions\n\n{as_predictions(frame, model)}\n")
        print(f"### {model}: the 63 groups\n\n{_markdown(table(by_group(frame, model), SETTINGS))}\n")
        print(f"### {model}: the 3 countries\n\n{_markdown(table(by_country(frame, model), ordered))}\n")


if __name__ == "__main__":
    main()
