"""The page of a study: a sweep, an ablation, a search, a calibration, Shapley values."""

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from value_personas import data
from value_personas.experiments.comparators import COMPARATORS, NULLS
from value_personas.experiments.evaluation.measures import beside_nothing
from value_personas.experiments.fieldwork.synthetic import marked, synthetic_warning
from value_personas.experiments.figures.by_row import difference_figure, means_figure
from value_personas.experiments.figures.error_curve import error_curve_figure
from value_personas.experiments.figures.palette import looks
from value_personas.experiments.recipe.study_record import STUDY_FILE, StudyRecord, read_study
from value_personas.experiments.report.citations import of_method
from value_personas.experiments.report.figures.shapley import plates_of
from value_personas.experiments.report.page import Page
from value_personas.experiments.report.plate import Plate
from value_personas.experiments.report.sections import Section
from value_personas.experiments.report.tables import Table, glossary_table, shapley_tables
from value_personas.experiments.scoring import SCORES, directions, heading, shape_scores
from value_personas.experiments.scoring.digits import interval, of_p, three_digits, with_interval
from value_personas.experiments.shapley.record import read_shapley
from value_personas.experiments.workspace.tables import read_table
from value_personas.signatures import StoreError

_ROWS = 60
"""Rows that a figure shows; the table has all."""

_NOTHING = "what knows nothing"
"""What heads its rows in a figure."""

_SEEN = 5e-4
"""A difference of means that three digits do not show."""


def is_study(folder: Path) -> bool:
    """Whether a folder is that of a study, and not of a run."""
    return (folder / STUDY_FILE).is_file() or (folder / "shapley.parquet").is_file()


def page_of_study(folder: Path) -> Page:
    """The page, its figures drawn.

    Raises:
        StoreError: when a file is absent, damaged or of another version.
    """
    if (folder / "shapley.parquet").is_file():
        return _of_shapley(folder)
    record = read_study(folder)
    made = {
        "sweep": _of_sweep,
        "ablation": _of_ablation,
        "search": _of_search,
        "calibration": _of_calibration,
    }[record.kind]
    try:
        parts = tuple(made(record, folder))
    except (KeyError, ValueError, TypeError) as error:
        raise StoreError(f"{folder}: its tables are damaged or of another version ({error})") from None
    failed = tuple(f"failed: {label}: {reason}" for label, reason in record.failed.items())
    return Page(
        record.title,
        (f"{synthetic_warning(record.synthetic).capitalize()}.",) if record.synthetic else (),
        (*record.findings, *beside_nothing(record.no_better)),
        (*parts, Section("glossary", "Glossary", tables=(glossary_table(),))),
        (record.methods,),
        of_method(),
        _provenance(folder, recipe=record.name, study=record.kind, mlflow=record.mlflow_run_id),
        (*record.notes, *failed),
    )


def _provenance(folder: Path, **told: str) -> Table:
    rows = [(name.replace("mlflow", "MLflow run"), value) for name, value in told.items() if value]
    return Table("Where this comes from.", ("what", "value"), (*rows, ("folder", folder.name)))


def _of_ablation(record: StudyRecord, folder: Path) -> Iterator[Section]:
    every = read_table(folder / "ablation")
    overall = every[every["group"] == "all"]
    level = round(100 * record.level)
    own = looks([record.base])[record.base]
    plate = Plate(
        "effects",
        difference_figure(overall, dict.fromkeys(overall["label"], own), "the base", record.title),
        f"What each change does to the error of {record.base}: variant minus base with {level} % "
        "intervals; left "
        "of 0 the variant is better.",
        "Differences from the base: "
        + "; ".join(f"{row.label} {row.difference:+.3f}" for row in overall.itertuples(index=False)),
    )
    table = Table(
        f"Differences from {record.base}, with {level} % intervals; below 0 the variant is better.",
        ("variant", "score", "base", "difference", "interval", "p (Holm)", "cells"),
        tuple(_difference(row, str(row["label"])) for row in overall.to_dict("records")),
    )
    groups = every[every["group"] != "all"].dropna(subset=["lower"])
    in_groups = Table(
        "The same by group of cells.",
        ("variant", "score", "base", "difference", "interval", "p (Holm)", "cells"),
        tuple(
            _difference(row, f"{row['label']} · {row['group']}: {row['value']}")
            for row in groups.to_dict("records")
        ),
        folded=True,
    )
    yield Section(
        "effects",
        "What each part is worth",
        (plate,),
        (table, *_nulls(record, "on the base’s cells"), *([in_groups] if len(groups) else [])),
    )
    curve = folder / "error_by_personas.csv"
    if curve.is_file():
        yield _curve(pd.read_csv(curve), record)


def _nulls(record: StudyRecord, where: str) -> tuple[Table, ...]:
    """What knows nothing, a row each; none of a study that keeps none."""
    if not record.nulls:
        return ()
    means = pd.DataFrame(record.nulls).astype({"mean": float})
    scores = tuple(map(str, means["score"].unique()))
    wide = means.pivot(index="method", columns="score", values="mean").reindex(means["method"].unique())
    rows = tuple((str(null), *map(three_digits, found)) for null, found in wide[list(scores)].iterrows())
    meanings = "; ".join(f"{name}: {COMPARATORS[name].meaning}" for name, *_ in rows)
    caption = f"What knows nothing, {where}; {directions(scores)}. {meanings}."
    return (Table(caption, ("method", *map(heading, scores)), rows),)


def _difference(row: Mapping[Hashable, Any], label: str) -> tuple[str, ...]:
    return (
        label,
        heading(str(row["score"])),
        three_digits(row["baseline"]),
        three_digits(row["difference"], signed=True),
        interval(row["lower"], row["upper"], signed=True),
        of_p(row["holm_p"]),
        str(row["cells"]),
    )


def _curve(curve: pd.DataFrame, record: StudyRecord) -> Section:
    plate = Plate(
        "error-by-personas",
        error_curve_figure(curve, record.title),
        "Error against the number of profiles drawn in a country, the base otherwise.",
        "Error by number of profiles: "
        + "; ".join(f"{n:g}: {e:.3f}" for n, e in curve[["n", "mean"]].to_numpy()),
    )
    rows = tuple(
        (
            f"{row['n']:g}",
            heading(str(row["score"])),
            with_interval(row["mean"], row["lower"], row["upper"]),
            three_digits(row["floor"]),
        )
        for row in curve.to_dict("records")
    )
    table = Table(
        "Error by number of profiles.", ("profiles", "score", "mean", "noise floor"), rows, folded=True
    )
    return Section("personas", "Number of personas", (plate,), (table,))


def _of_sweep(record: StudyRecord, folder: Path) -> Iterator[Section]:
    every = read_table(folder / "sweep")
    known = every[every["method"].notna()]
    short = _in_short(list(known["label"].unique()))
    known = known.assign(label=known["label"].map(short))
    level = round(100 * record.level)
    if len(known):
        leading = [name for name in known["score"].unique() if name in SCORES and SCORES[name].leading]
        ours = ~known["method"].isin(NULLS)
        drawn = known.assign(
            factor=known["label"], level=known["method"], label=known["label"] + " · " + known["method"]
        )[known["score"].isin(leading)]
        rows, cut_off = _first_rows(drawn)
        own = looks([*known.loc[ours, "method"], *NULLS])
        look = {f"{row.factor} · {row.level}": own[str(row.level)] for row in rows.itertuples(index=False)}
        floor = {str(name): float(value) for name, value in drawn.groupby("score")["floor"].mean().items()}
        cut = f" The first {_ROWS} rows; the table has all." if cut_off else ""
        plate = Plate(
            "effects",
            means_figure(rows, look, floor, level, record.title),
            f"Means over each setting’s cells with {level} % intervals, the noise floor averaged over "
            f"settings.{cut}",
            f"Scores of {rows['label'].nunique()} rows.",
        )
        wide = tuple(_setting(label, cell) for label, cell in known.groupby(["label", "method"], sort=False))
        scores = list(known["score"].unique())
        table = Table(
            f"Every setting’s headline scores with {level} % intervals.",
            ("setting", "method", *map(heading, scores), "missing"),
            wide,
        )
        yield Section("effects", "What each setting brings", (plate,), (table, *_claims(record, short)))


def _first_rows(rows: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """Rows of a figure, and whether some are left out.

    What knows nothing stands there once where settings do not move it, else in each.
    """
    nulls = rows[rows["level"].isin(NULLS)]
    spread = nulls.groupby(["level", "score"])["mean"].agg(lambda means: means.max() - means.min())
    alone: list[pd.DataFrame] = []
    if len(nulls) and spread.max() < _SEEN:
        once = nulls.drop_duplicates(["level", "score"])
        alone = [once.assign(factor=_NOTHING, label=f"{_NOTHING} · " + once["level"])]
        rows = rows.drop(nulls.index)
    labels = list(dict.fromkeys(rows["label"]))
    shown = rows[rows["label"].isin(labels[:_ROWS])]
    return pd.concat([shown, *alone], ignore_index=True), len(labels) > _ROWS


def _claims(record: StudyRecord, short: Mapping[str, str]) -> tuple[Table, ...]:
    """The recipe's claims, setting by setting; none without any."""
    rows = tuple(
        (
            short.get(str(row["label"]), str(row["label"])),
            str(row["claim"]),
            str(row["verdict"]),
            three_digits(row["effect"], signed=True),
            interval(row["lower"], row["upper"], signed=True),
            of_p(row["holm_p"]),
        )
        for row in (_numbers(row, ("effect", "lower", "upper", "holm_p")) for row in record.claims)
    )
    heads = ("setting", "claim", "verdict", "effect", "interval", "p (Holm, within the setting)")
    caption = "The recipe’s claims, stated before anything was asked, in each setting."
    return (Table(caption, heads, rows),) if rows else ()


def _numbers(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """A row with NaN for what its file has as null."""
    return {**row, **{name: math.nan for name in names if row[name] is None}}


_KEY = re.compile(r"(?:^|(?<= ))[\w.]+(?==)")


def _in_short(labels: Sequence[str]) -> dict[str, str]:
    """Settings by the last part of their keys, where no two have it: ``n=50`` for ``profiles.n=50``."""
    keys = {key for label in labels for key in _KEY.findall(label)}
    ends = Counter(key.rpartition(".")[2] for key in keys)

    def end(found: re.Match[str]) -> str:
        last = found[0].rpartition(".")[2]
        return last if ends[last] == 1 else found[0]

    return {label: _KEY.sub(end, label) for label in labels}


def _setting(label: Any, cell: pd.DataFrame) -> tuple[str, ...]:
    missing = cell["missing"].iloc[0]
    return (
        *map(str, label),
        *(with_interval(row["mean"], row["lower"], row["upper"]) for row in cell.to_dict("records")),
        f"{int(missing):,}",
    )


def _of_search(record: StudyRecord, folder: Path) -> Iterator[Section]:
    judged, training = read_table(folder / "judged"), read_table(folder / "training")
    level = round(100 * record.level)
    rows = tuple(
        (
            heading(str(row["score"])),
            three_digits(row["original"]),
            three_digits(row["chosen"]),
            three_digits(row["difference"], signed=True),
            interval(row["lower"], row["upper"], signed=True),
            of_p(row["p"]),
            str(row["cells"]),
        )
        for row in judged.to_dict("records")
    )
    plates: tuple[Plate, ...] = ()
    if len(judged):
        drawn = judged.assign(label="chosen", holm_p=judged["p"])
        plates = (
            Plate(
                "effects",
                difference_figure(drawn, looks(["chosen"]), record.base, record.title),
                f"The chosen setting minus {record.base} on held-out countries, with {level} % intervals.",
                "Differences of the chosen setting on held-out countries.",
            ),
        )
    heads = ("score", "as it stood", "chosen", "difference", "interval", "p", "cells")
    tables = [Table("On countries that the search never saw.", heads, rows)] if rows else []
    trained = tuple(
        (str(row["objective"]), three_digits(row["original"]), three_digits(row["chosen"]))
        for row in training.to_dict("records")
    )
    tables.append(Table("On training countries.", ("objective", "as it stood", "chosen"), trained))
    trials = read_table(folder / "trials")
    texts = tuple(tuple(_told(value) for value in row) for row in trials.itertuples(index=False, name=None))
    tables.append(Table("Every setting tried.", tuple(map(str, trials.columns)), texts, folded=True))
    yield Section("effects", "What was chosen", plates, tuple(tables))


def _of_calibration(record: StudyRecord, folder: Path) -> Iterator[Section]:
    names = shape_scores()
    rows = tuple(
        (
            str(row["part"]),
            str(row["cells"]),
            *(
                " → ".join(three_digits(row[f"{name}_{when}"]) for when in ("before", "after"))
                for name in names
            ),
            f"{100 * row['beyond_limit']:.0f} %",
        )
        for row in pd.read_csv(folder / "calibration_summary.csv").to_dict("records")
    )
    table = Table(
        f"Before → after, by part of the cells of {record.name}. Held-out: neither the country nor the "
        "question was fitted on; oracle: fitted on them; out of reach: people vary more than a tilt can.",
        ("cells", "n", *map(heading, names), "out of reach"),
        rows,
    )
    nulls = _nulls(record, "on the held-out cells")
    yield Section("effects", "What calibration brings", tables=(table, *nulls))


def _of_shapley(folder: Path) -> Page:
    found = read_shapley(folder)
    record = found.record
    codes = found.values["country"].astype(str).unique()
    names = {code: data.country_name(code) or code for code in codes}
    parts = f"{synthetic_warning(record.synthetic).capitalize()}."
    stamp = marked(f"{record.name} · {record.method}", record.synthetic)
    helps = [row for row in record.all_countries.get("shapley", ()) if float(str(row["upper"])) < 0.0]
    return Page(
        marked(f"{record.name} · Shapley values, {record.method}", record.synthetic),
        (*(f"LEAK ALLOWED: {leak}" for leak in record.leaks), *((parts,) if record.synthetic else ())),
        (f"{len(helps)} items lower the error beyond their interval ({heading(record.score)}).",),
        (
            Section(
                "shapley",
                "What each value item contributes",
                plates_of(found, names, stamp),
                shapley_tables(found),
            ),
            Section("glossary", "Glossary", tables=(glossary_table(),)),
        ),
        (
            f"Shapley values ({record.method}) share the change of {heading(record.score)} that all items "
            "bring out "
            f"among them, averaged over the orders in which items may be told; {record.coalitions:,} "
            "coalitions were "
            "asked.",
        ),
        of_method(),
        _provenance(folder, recipe=record.name, study="Shapley values"),
        record.notes,
    )


def _told(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
