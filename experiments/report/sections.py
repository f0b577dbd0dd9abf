"""What stands on the page, in the order in which a referee asks for it."""

from collections.abc import Iterable
from dataclasses import dataclass

from value_personas.experiments.fieldwork.synthetic import synthetic_warning
from value_personas.experiments.report import tables
from value_personas.experiments.report.figures.audit import audit_plate
from value_personas.experiments.report.figures.calibration import calibration_curve, calibration_plate
from value_personas.experiments.report.figures.countries import country_plate
from value_personas.experiments.report.figures.cultural_map import map_plate
from value_personas.experiments.report.figures.distributions import distribution_plate
from value_personas.experiments.report.figures.effects import effect_plates
from value_personas.experiments.report.figures.gap import gap_plate
from value_personas.experiments.report.figures.headline import headline_plate
from value_personas.experiments.report.figures.missing import missing_plate
from value_personas.experiments.report.figures.paired import paired_plate
from value_personas.experiments.report.figures.roleplay import roleplay_plate
from value_personas.experiments.report.figures.shapley import shapley_plates
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate
from value_personas.experiments.report.tables import Table


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        key: its anchor.
        title: its heading.
        plates: its figures.
        tables: its tables.
        says: sentences above them; where there is nothing to show, what would make it.
    """

    key: str
    title: str
    plates: tuple[Plate, ...] = ()
    tables: tuple[Table, ...] = ()
    says: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it to show but what would make it."""
        return not self.plates and not self.tables


def warnings(material: Material) -> tuple[str, ...]:
    """What must be read before any number: leaks, synthetic parts, cells that something was fitted on."""
    run = material.run
    found = [f"LEAK ALLOWED: {leak}" for leak in run.leaks]
    if run.synthetic:
        found.append(f"{synthetic_warning(run.synthetic).capitalize()}.")
    found += [
        f"In-sample: {n} cells of {method} were used to fit it, so their scores are no prediction."
        for method, n in material.fitted_cells.items()
    ]
    return tuple(found)


def sections(material: Material) -> tuple[Section, ...]:
    """Every section, drawn."""
    return (
        Section(
            "headline",
            "What was found",
            (headline_plate(material),),
            _told(
                tables.summary_table(material),
                tables.prediction_table(material),
                tables.spread_table(material),
                tables.score_table(material),
                tables.measure_meanings(material),
            ),
        ),
        _paired(material),
        Section(
            "countries", "Error by country", (country_plate(material),), (tables.country_table(material),)
        ),
        _structure(material),
        *_contamination(material),
        _map(material),
        _roleplay(material),
        Section("distributions", "Distributions of answers", _some([distribution_plate(material)])),
        _gap(material),
        _shapley(material),
        _calibration(material),
        _missing(material),
        _effects(material),
        _audit(material),
        Section("cost", "Calls and cost", tables=(tables.cost_table(material),)),
        Section("glossary", "Glossary", tables=(tables.glossary_table(),)),
    )


def _some(plates: Iterable[Plate | None]) -> tuple[Plate, ...]:
    return tuple(plate for plate in plates if plate is not None)


def _told(*found: Table | None) -> tuple[Table, ...]:
    return tuple(table for table in found if table is not None)


def _paired(material: Material) -> Section:
    title = "Paired comparisons"
    plate = paired_plate(material)
    if plate is None:
        return Section("paired", title, says=(_not_compared(material),))
    return Section("paired", title, (plate,), tables.comparison_tables(material), _on_tests(material))


def _not_compared(material: Material) -> str:
    if len(material.methods) == 1:
        return "A single method: there is nothing to compare it with."
    why = "country roleplay was not asked, or is left out"
    return f"The run holds no comparison with {material.baseline}: {why}."


def _on_tests(material: Material) -> tuple[str, ...]:
    """What the tests are of."""
    if not material.run.has_intervals:
        return ("One country and one question: there are no intervals and no p-values.",)
    if len(material.countries) == 1:
        return ("One country: intervals and p-values tell of other questions, not of other countries.",)
    units = "cultural zones" if material.zoned else "countries"
    return (
        f"Interval and p are of one standard error, clustered by {units} and questions; p is adjusted over "
        "the methods (Holm). The sign-flip p is for these questions alone.",
    )


def _structure(material: Material) -> Section:
    title = "Structure within countries"
    found = _told(tables.structure_table(material), tables.structure_meanings(material))
    why = "Not measured: no persona kind of the run tells persons apart, or it was made by version 0.1.0."
    return Section("structure", title, tables=found, says=() if found else (why,))


def _contamination(material: Material) -> tuple[Section, ...]:
    """How near forecasts come to what is published; none where nothing of a country was forecast."""
    table = tables.contamination_table(material)
    if table is None:
        return ()
    say = (
        "A forecast that knows nothing of a country is as near to other countries’ shares as to its own. "
        "What is nearer to its own rests on knowledge of the country, or on these very tables: to tell these "
        "apart, ask what was not public when the model was trained."
    )
    return (Section("contamination", "What the model knows beforehand", tables=(table,), says=(say,)),)


def _map(material: Material) -> Section:
    title = "Cultural map"
    if material.positions is None:
        why = "No map: the instrument has none, or the survey lacks some of its items."
        return Section("map", title, says=(why,))
    table = tables.map_table(material)
    return Section("map", title, _some([map_plate(material)]), (table,) if table else ())


def _roleplay(material: Material) -> Section:
    title = f"{material.main} against {material.baseline}, question by question"
    plates = _some([roleplay_plate(material)])
    return Section("roleplay", title, plates, says=() if plates else ("Nothing to compare with.",))


def _gap(material: Material) -> Section:
    title = "Gap between well and poorly represented countries"
    table = tables.gap_table(material)
    if table is None:
        return Section("gap", title, says=(_no_gap(material),))
    return Section("gap", title, _some([gap_plate(material)]), (table,))


def _no_gap(material: Material) -> str:
    """Why there is none: what the run noted of it, else that nobody asked."""
    noted = [note for note in material.run.notes if note.startswith("no gap analysis")]
    if noted:
        return f"{noted[0][0].upper()}{noted[0][1:]}."
    return "Not analysed: the recipe declares no index (scoring.gap_reference or scoring.gap_index)."


def _shapley(material: Material) -> Section:
    plates = shapley_plates(material)
    title = "What each value item contributes"
    if not plates:
        return Section("shapley", title, says=(_how(material, "computed", "shapley"),))
    assert material.shapley is not None  # else there were no plates
    return Section("shapley", title, plates, tables.shapley_tables(material.shapley))


def _how(material: Material, done: str, command: str) -> str:
    """What would make a part that is made by another command."""
    name = material.run.recipe.name
    return (
        f"Not {done} on this survey and model: value-personas {command} {name}, with this run’s settings, "
        "makes it."
    )


def _calibration(material: Material) -> Section:
    title = "Calibration and its limit"
    answers = material.answers()
    if answers is None:
        return Section("calibration", title, says=("The run’s folder holds no stored answers to calibrate.",))
    curve = calibration_curve(answers)
    if curve.points["wasserstein"].isna().all():
        return Section("calibration", title, says=(f"Every cell of {material.main} lacks too many answers.",))
    return Section("calibration", title, (calibration_plate(material, curve),), (tables.limit_table(curve),))


def _missing(material: Material) -> Section:
    title = "Missing answers"
    plates = _some([missing_plate(material)])
    if not plates:
        return Section("missing", title, says=("No answer is missing.",))
    return Section("missing", title, plates, (tables.missing_table(material),))


def _effects(material: Material) -> Section:
    plates = effect_plates(material)
    how = (
        "Not measured: options stood in one order and questions in one wording. respondent.option_order = "
        '"both" and respondent.wordings measure how far answers hang on these.'
    )
    return Section("effects", "Order of options and wording", plates, says=() if plates else (how,))


def _audit(material: Material) -> Section:
    title = "What descriptors tell beyond their answer"
    table = tables.audit_table(material)
    if table is None:
        return Section("audit", title, says=(_how(material, "audited", "audit"),))
    return Section("audit", title, _some([audit_plate(material)]), (table,))
