"""Four models' recorded answers to the World Values Survey, scored and calibrated, the world as one.

    python experiments/benchmarks/recorded_models.py --outputs FOLDER --metadata FILE --shares FILE

The answers are ``evaluation/model_outputs`` of WorldValuesBench (github.com/Demon702/WorldValuesBench; it has
no licence: computed, not shipped), the metadata its ``question_metadata.json``, the shares of people a table
of the columns country, qid, opt and pct, its countries averaged. Questions whose scales differ between the
two are left out. T is chosen on four fifths of the questions and judged on the fifth.
"""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from value_personas import score
from value_personas.experiments.evaluation.answers import Answers, score_panel
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.programs.calibration import Setting
from value_personas.signatures import Array

_SCORE, _FOLDS = "wasserstein", 5
_TEMPERATURES = np.exp(np.linspace(np.log(0.3), np.log(60.0), 60))


def world(shares: Path, metadata: Path) -> pd.DataFrame:
    """People's answers, each country with the same say: country, question, option, share."""
    asked, table = json.loads(metadata.read_text(encoding="utf-8")), pd.read_parquet(shares)
    rows = []
    for name, found in table.groupby("qid", sort=False):
        code = str(name)
        scale = asked.get(code, {})
        if scale.get("answer_data_type") != "ordinal":
            continue
        codes = range(int(scale["answer_scale_min"]), int(scale["answer_scale_max"]) + 1)
        by_country = found.pivot_table(index="country", columns="opt", values="pct", aggfunc="sum").fillna(
            0.0
        )
        if by_country.shape[1] != len(codes):
            continue
        means = by_country.div(by_country.sum(axis=1), axis=0).mean()
        rows += [("World", code.lower(), f"{c}", p) for c, p in zip(codes, means.sort_index(), strict=True)]
    return pd.DataFrame(rows, columns=["country", "question", "option", "share"])


def predictions(outputs: Path) -> pd.DataFrame:
    """What the models answered: method, country, question, answer."""
    tables = []
    for path in sorted(outputs.glob("*.tsv")):
        found = pd.read_csv(path, sep="\t")
        answer = pd.to_numeric(found["SCORE"], errors="coerce").map(lambda v: "" if np.isnan(v) else f"{v:g}")
        question = found["QUESTION_ID"].str.lower()
        tables.append(pd.DataFrame({"method": path.stem, "question": question, "answer": answer}))
    return pd.concat(tables, ignore_index=True).assign(country="World")


def before_and_after(file: Path) -> tuple[float, float, float, int]:
    """Error as answered, error calibrated by a T of other questions, the median T, and how many questions."""
    answers = Answers.load(file)
    prepared = Prepared(answers, keep=True)

    def errors(setting: Setting) -> Array:
        return np.asarray(score_panel(answers, prepared.estimate(setting), [_SCORE])[_SCORE][0])

    tilts = [Setting(method="tilt", level="population", strength={"all": float(t)}) for t in _TEMPERATURES]
    by_t = np.stack([errors(tilt) for tilt in tilts])
    fold = np.arange(by_t.shape[1]) % _FOLDS
    best = [int(np.nanargmin(np.nanmean(by_t[:, fold != k], axis=1))) for k in range(_FOLDS)]
    after = np.array([by_t[best[k], m] for m, k in enumerate(fold)])
    raw = errors(Setting(method="none", level="population"))
    return float(np.nanmean(raw)), float(np.nanmean(after)), float(np.median(_TEMPERATURES[best])), len(raw)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("outputs", "metadata", "shares"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    with TemporaryDirectory() as place:
        folder = Path(place)
        world(options.shares, options.metadata).to_csv(folder / "world.csv", index=False)
        predictions(options.outputs).to_csv(folder / "recorded.csv", index=False)
        settings = [f"workspace={folder / 'w'}", "respondent.max_missing=1.0"]
        result = score(folder / "recorded.csv", folder / "world.csv", settings=settings)
        print("| answers | as recorded | calibrated | T |\n|---|---|---|---|")
        n = 0
        for file in sorted(result.folder.glob("answers-*.npz")):
            before, after, t, n = before_and_after(file)
            print(f"| {file.stem.removeprefix('answers-')} | {before:.3f} | {after:.3f} | {t:.1f} |")
        nulls = result.nulls[result.nulls["score"] == _SCORE]
        told = ", ".join(f"{row.method} {row.mean:.3f}" for row in nulls.itertuples())
        print(f"\n{n} questions; {_SCORE}; {told}")


if __name__ == "__main__":
    main()
