"""The methods paragraphs of a paper, every number filled in from the run."""

import math
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

from value_personas.experiments.evaluation.hypotheses import verdict_line
from value_personas.experiments.evaluation.measures import beside_nothing, not_above_nothing
from value_personas.experiments.fieldwork.synthetic import in_words
from value_personas.experiments.report.figures.paired import overall_comparisons
from value_personas.experiments.report.glossary import what_it_is
from value_personas.experiments.report.material import Material
from value_personas.experiments.scoring.digits import in_people, of_p, three_digits
from value_personas.programs.calibration import METHODS
from value_personas.programs.personas import parse_kind


def headline_sentences(material: Material) -> tuple[str, ...]:
    """What was found, in two or three sentences."""
    main, baseline = material.main, material.baseline
    floor = three_digits(float(material.run.floor["normalised_mae"]))
    said = [
        f"Predicted means of {main} are off by {_with_interval(material, main, 'normalised_mae')} of the "
        f"scale on average over {_cells(material, main)} cells; the human sample’s own noise floor is "
        f"{floor}."
    ]
    if baseline != main:
        said.append(f"Those of {baseline} are off by {_with_interval(material, baseline, 'normalised_mae')}.")
    said += _as_a_prediction(material)
    said += map(verdict_line, material.run.hypotheses.to_dict("records"))
    said += beside_nothing(not_above_nothing(material.run.measures))
    if material.calibrated:
        said.append(
            f"{_what_means_do(material)} the Wasserstein distance from "
            f"{_with_interval(material, main, 'wasserstein')} to "
            f"{_with_interval(material, material.calibrated, 'wasserstein')}, the variance from "
            f"{_ratio(material, main)} to {_ratio(material, material.calibrated)} of people’s."
        )
    return tuple(said)


def _as_a_prediction(material: Material) -> list[str]:
    """What the main kind is worth in people, and how far a single prediction may be off."""
    main = material.main
    worth, lower, upper = material.measure(main, "worth_in_people")
    half, held = material.measure(main, "half_width")[0], material.measure(main, "coverage")[0]
    said = []
    if not math.isnan(worth):
        level = 100 * material.run.recipe.scoring.level
        said.append(
            f"Its means are worth those of {in_people(worth)} respondents drawn at random in each country "
            f"({level:g} % interval {in_people(lower)}–{in_people(upper)})."
        )
    if not math.isnan(half):
        level = 100 * material.run.recipe.scoring.prediction_level
        here = "" if math.isnan(held) else f"; here it held in {100 * held:.0f} % of cells"
        said.append(
            f"The {level:g} % interval of a single predicted mean, country and question both new, is "
            f"±{three_digits(half)} of the scale{here}."
        )
    return said


def _what_means_do(material: Material) -> str:
    if METHODS[material.calibration.method].keeps_mean:
        return "Calibration leaves the means where they are and takes"
    return "Calibration, which may move means, takes"


def methods_paragraphs(material: Material) -> tuple[str, ...]:
    """Data, personas, asking, calibration, scoring, result and software, in that order."""
    parts = (_data, _personas, _asking, _calibration, _scoring, _result, _software)
    return tuple(" ".join(part(material)) for part in parts)


def _data(material: Material) -> Iterator[str]:
    recipe, scores = material.run.recipe, material.run.scores
    source = material.sources.title or material.sources.codebook
    if "population" in material.run.synthetic:
        source = "an invented population with a known truth (synthetic, no people)"
    rows = sum(one.rows or 0 for one in material.sources.survey)
    options = scores["options"]
    yield (
        f"Human answers are those of {len(material.countries)} "
        f"{_plural(material.countries, 'country', 'countries')} to {len(material.questions)} target "
        f"questions with {options.min()} to {options.max()} ordered options in {source} ({rows:,} records; "
        f"weighting: {recipe.survey.weight}); missing answers are excluded."
    )


def _personas(material: Material) -> Iterator[str]:
    recipe = material.run.recipe
    section, kinds = recipe.profiles, [parse_kind(kind) for kind in recipe.personas]
    if any(kind.states_values for kind in kinds):
        yield from _of_values(material)
    elif any(kind.of_individuals for kind in kinds):
        people = _drawn(section.design, section.n).replace("profiles", "respondents")
        yield f"In each country {people} with the survey’s weights (seed {recipe.seed})."
    yield f"Compared were {'; '.join(_told(material))}."


def _of_values(material: Material) -> Iterator[str]:
    """Whose values personas carry, and in which words."""
    recipe = material.run.recipe
    section, items, written = recipe.profiles, recipe.profiles.items, recipe.descriptors
    told = "all items" if items == "all" else items if isinstance(items, str) else ", ".join(items)
    yield (
        f"Value profiles are respondents’ answers to the instrument {Path(section.instrument).stem} "
        f"({told}). In each country {_drawn(section.design, section.n)} with the survey’s weights "
        f"(seed {recipe.seed})."
    )
    writer = written.lm.lm if written.lm else recipe.respondent.lm
    where = f"taken from {written.frozen.name}" if written.frozen else f"written once by {writer}"
    yield (
        f"Descriptors of each answer were {where} in {written.wordings} "
        f"{'wording' if written.wordings == 1 else 'wordings'}, items in "
        f"{_order(recipe.persona_text.order)} order."
    )


def _told(material: Material) -> Iterator[str]:
    """Each kind and each comparator with what it is; a calibrated row is told of where calibration is."""
    for method in material.methods:
        if " + calibrated" not in method:
            yield f"{method} ({what_it_is(method)})"


def _drawn(design: str, n: int) -> str:
    return (
        "all profiles were taken" if design == "all" else f"up to {n} profiles were drawn ({design} design)"
    )


def _order(order: object) -> str:
    return order if isinstance(order, str) else "the stated"


def _asking(material: Material) -> Iterator[str]:
    recipe = material.run.recipe
    answers = sum(sum(reasons.values()) for reasons in material.run.missing.values())
    share = 100 * float(material.asking["missing_share"].mean())
    if recipe.predictions:
        yield (
            f"Nothing was asked: answers are {recipe.answered_by}, judged on the cells that all ranked "
            f"methods have. {answers:,} answers are none and enter no estimate."
        )
        return
    yield (
        f"The model {recipe.respondent.lm} answered every question as every persona "
        f"({material.sources.elicitation}; option order: {recipe.respondent.option_order}). {answers:,} "
        f"answers ({share:.2f} %) are missing and enter no estimate; a cell with more than "
        f"{100 * recipe.respondent.max_missing:g} % missing is not estimated."
    )
    yield from _letters(material)


def _letters(material: Material) -> Iterator[str]:
    """Where first tokens lay, for each kind of personas; a run of 0.1.0 has no letters off the page."""
    told = material.asking
    if "stray_mass" not in told or told["stray_mass"].isna().all():
        return
    means = told.groupby("personas", sort=False)[["label_mass", "stray_mass"]].mean()
    masses = "; ".join(f"{kind} {row[0]:.3f} and {row[1]:.3f}" for kind, *row in means.itertuples())
    yield (
        "Mean probability of a first token on the page’s letters, and on letters that are no option of it: "
        f"{masses}."
    )


def _calibration(material: Material) -> Iterator[str]:
    if not material.calibrated:
        yield "No calibration was applied."
        return
    where = {"persona": "each persona’s answers, then averaged", "population": "the population’s average"}
    levels = "; and to ".join(where[one.setting.level] for one in material.calibrations)
    if material.calibration.method == "tilt":
        strength = ", ".join(
            f"{value:g}" if group == "all" else f"{value:g} ({group})"
            for group, value in material.calibration.strength.items()
        )
        yield (
            f"Answer distributions p over scores r were calibrated as q ∝ p^(1/T)·exp(βr) with T = "
            f"{strength} and β such that the mean stays (Robertson, Tallman & Whiteman 2005), "
            f"applied to {levels}."
        )
    else:
        moves = "which leaves" if METHODS[material.calibration.method].keeps_mean else "which may move"
        yield (
            f"Answer distributions were calibrated by {material.calibration.in_one_line()}, {moves} their "
            f"means, applied to {levels}."
        )
    yield from _fitted_on(material)
    fitted = material.fitted_cells
    if fitted:
        yield f"In-sample cells: {'; '.join(f'{n} of {method}' for method, n in fitted.items())}."
    elif material.calibrations[0].record is None:
        yield "T was set in the recipe; the run records no cell that it was fitted on."


def _fitted_on(material: Material) -> Iterator[str]:
    """Where a fitted calibration comes from, and what it was chosen by."""
    setting, record = material.calibrations[0].setting, material.calibrations[0].record
    if record is None:
        return
    if setting.alpha:
        kept = "before" if setting.keeps_mean_of == "raw" else "after"
        yield (f"Counts were smoothed first, with α = {setting.alpha:g}; means are kept as {kept} that.")
    synthetic = f" of a synthetic {in_words(record.synthetic)}" if record.synthetic else ""
    yield (
        f"The calibration was fitted to answers{synthetic} on {len(record.countries)} countries × "
        f"{len(record.questions)} questions and chosen by {record.objective} among {record.trials} settings."
    )


def _scoring(material: Material) -> Iterator[str]:
    section = material.run.recipe.scoring
    redrawn = (
        f", each country’s personas redrawn {section.persona_draws} times" if section.persona_draws else ""
    )
    yield (
        "A cell is a country × question. Errors of means and Wasserstein distances are shares of the "
        f"scale’s width; intervals cover {100 * section.level:g} % and come of standard errors clustered by "
        f"{_units(material)}{redrawn}, with methods paired. The noise floor is the expected score of "
        f"{section.floor_draws} resamples of each human sample against itself."
    )
    if len(material.run.measures):
        yield (
            f"Intervals of single predictions ({100 * section.prediction_level:g} %) are split-conformal: "
            "absolute errors of cells that share neither country nor question with the one predicted (Vovk, "
            "Gammerman & Shafer 2005). The worth in people is Σσ² / Σ(b² − σ²/n) over cells, with people’s "
            "variance σ², the error b of a mean and the human sample’s effective size n."
        )
    if len(material.countries) > 1 and len(material.methods) > 1:
        yield "p-values are of the same standard errors, adjusted over methods (Holm 1979)."


def _units(material: Material) -> str:
    if len(material.countries) == 1:
        return "question (jackknife)"
    unit = "cultural zone" if material.zoned else "country"
    return f"{unit} and question (jackknife; Cameron, Gelbach & Miller 2011) with Student’s t"


def _result(material: Material) -> Iterator[str]:
    yield from headline_sentences(material)
    rows = overall_comparisons(material)
    if not len(rows):
        return
    rows = rows[(rows["method"] == material.main) & (rows["score"] == "normalised_mae")]
    for row in rows.to_dict("records"):
        yield (
            f"The paired difference of {material.main}’s error of means from {material.baseline} is "
            f"{three_digits(row['difference'], signed=True)} over {row['cells']} cells{_certainty(row)}."
        )


def _certainty(row: Mapping[Hashable, Any]) -> str:
    if math.isnan(row["lower"]):
        return ""
    ends = f"{three_digits(row['lower'], signed=True)} to {three_digits(row['upper'], signed=True)}"
    p = "" if math.isnan(row["holm_p"]) else f", Holm-adjusted p {of_p(row['holm_p'])}"
    return f" (interval {ends}{p})"


def _software(material: Material) -> Iterator[str]:
    run, code = material.run, material.sources.code
    yield (
        f"Computed with Value Personas {code.version} ({code}), recipe {run.recipe.name}, seed "
        f"{run.recipe.seed}, MLflow run {run.mlflow_run_id or 'not recorded'}."
    )


def _with_interval(material: Material, method: str, score: str) -> str:
    found = material.score(method, score)
    level = 100 * material.run.recipe.scoring.level
    mean, lower, upper = (three_digits(found[name]) for name in ("mean", "lower", "upper"))
    return mean if math.isnan(found["lower"]) else f"{mean} ({level:g} % interval {lower}–{upper})"


def _ratio(material: Material, method: str) -> str:
    return three_digits(material.score(method, "variance_ratio")["mean"])


def _cells(material: Material, method: str) -> int:
    return int(material.cells(method)["normalised_mae"].notna().sum())


def _plural(things: tuple[str, ...], one: str, many: str) -> str:
    return one if len(things) == 1 else many
