"""The audit, readable from top to bottom."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from value_personas import data
from value_personas.experiments.audit.human import human_means, training_countries
from value_personas.experiments.audit.record import RESULT_FILE
from value_personas.experiments.audit.result import AuditResult
from value_personas.experiments.audit.tables import recovery_table, spill_over_table, summary_table
from value_personas.experiments.fieldwork.asking import write_descriptors
from value_personas.experiments.fieldwork.descriptors import descriptor_frame, rule_notes
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import Asking, prepare
from value_personas.experiments.fieldwork.synthetic import in_words
from value_personas.experiments.figures.spill_over import spill_over_figure
from value_personas.experiments.figures.style import save_figure
from value_personas.experiments.progress.shown import Progress, shown
from value_personas.experiments.recipe.loading import recipe_of
from value_personas.experiments.recipe.personas import AuditSection
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.record import write_recipe
from value_personas.experiments.tracking import Live, Prompt, Record, input_files, live, record_run, run_title
from value_personas.experiments.workspace.folders import Workspace, stamped
from value_personas.experiments.workspace.json_file import write_json
from value_personas.experiments.workspace.tables import write_csv
from value_personas.programs import (
    DescriptorTable,
    Judged,
    Statement,
    Variant,
    descriptor_statements,
    judge_statements,
    verbatim_statements,
)
from value_personas.programs.engines import engine_kind
from value_personas.signatures import Array, RecoverAnswer, ValueItem


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What was written and what the judge made of it."""

    judged: Mapping[str, Judged]
    descriptors: Mapping[Variant, DescriptorTable]
    writer: str
    judge: str


def run_audit(recipe: Recipe | str | Path | None = None, progress: Progress = True) -> AuditResult:
    """Judge a recipe's descriptors.

    Args:
        recipe: a recipe, its file, or the name of a shipped one; the quickstart when absent.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.

    Raises:
        ValuePersonasError: for anything the user can put right; one line says how.
    """
    recipe = recipe_of(recipe)
    workspace = Workspace.open(recipe.workspace)
    with (
        shown(progress) as bars,
        live(recipe, workspace, bars, "audit") as reporter,
        Fieldwork(workspace, reporter.note, recipe.store) as field,
    ):
        reporter.stage("reading the survey")
        ready = prepare(field, recipe, kinds=())
        survey, profiles = ready.survey, ready.profiles
        countries = training_countries(survey.countries, recipe.audit.held_out_countries, recipe.seed)
        reporter.stage("judging descriptors")
        asking = replace(ready.asking, items=profiles.items)  # those too that personas do not tell of
        found = field.wait(_judge(field, asking, recipe.audit, reporter.answered))
        return _written(recipe, workspace, survey, profiles, countries, found, reporter)


async def _judge(
    field: Fieldwork, asking: Asking, audit: AuditSection, on_answered: Callable[[str, int, int], None]
) -> _Judgement:
    """Write what is to be judged, and have it judged."""
    judge_settings = audit.judge or asking.respondent
    writer, judge = field.model(asking.writer), field.model(judge_settings)
    variants: list[Variant] = [s for s in audit.statements if s != "verbatim"]
    descriptors = await write_descriptors(asking, writer, variants)
    judged: dict[str, Judged] = {}
    for kind in audit.statements:
        statements = _statements(kind, descriptors, asking.items)
        total = len(statements) * len(asking.items)
        judged[kind] = await judge_statements(
            judge,
            statements,
            asking.items,
            asking.respondent.elicitation,
            judge_settings.concurrency,
            partial(_count, on_answered, kind, total),
        )
    judge.require_answers()
    return _Judgement(judged, descriptors, writer.name, judge.name)


def _statements(
    kind: str, descriptors: Mapping[Variant, DescriptorTable], items: tuple[ValueItem, ...]
) -> tuple[Statement, ...]:
    if kind == "verbatim":
        return verbatim_statements(items)
    return descriptor_statements(next(t for v, t in descriptors.items() if v == kind))


def _count(on_answered: Callable[[str, int, int], None], kind: str, total: int, n: int) -> None:
    on_answered(kind, n, total)


def _written(  # the parts of one outcome, each a stage of its own
    recipe: Recipe,
    workspace: Workspace,
    survey: data.Survey,
    profiles: data.ProfileTable,
    countries: tuple[str, ...],
    found: _Judgement,
    watched: Live,
) -> AuditResult:
    """Tables and figure as files, and the MLflow run."""
    recovery = recovery_table(found.judged)
    matrices, spill_over = spill_over_table(found.judged, human_means(profiles, countries))
    name = stamped(f"audit-{recipe.name}")
    folder = workspace.folder / "audits" / name
    folder.mkdir(parents=True)
    result = AuditResult(
        name=recipe.name,
        summary=summary_table(found.judged, recovery, matrices),
        recovery=recovery,
        spill_over=spill_over,
        writer=found.writer,
        judge=found.judge,
        countries=countries,
        notes=(*profiles.notes, *_notes(survey, countries, found)),
        synthetic=_synthetic(survey, found),
        folder=folder,
    )
    write_recipe(recipe, folder)
    _write_files(result, matrices, found, profiles)
    metrics = {
        f"{row['statement']}.{score}": float(row[score])
        for row in result.summary.to_dict("records")
        for score in ("recovery_error", "spill_over", "excess_spill_over")
    }
    tags = {"kind": "audit", "synthetic": in_words(result.synthetic)}
    title = run_title("audit", recipe.name, f"judge {found.judge}")
    inputs = input_files(recipe.named_files(), survey)
    prompts = {"audit": Prompt(RecoverAnswer.instructions)}
    record = Record(recipe, title, metrics, tags, folder, inputs=inputs, prompts=prompts)
    return replace(result, mlflow_run_id=record_run(workspace, record, watched.stop()))


def _write_files(
    result: AuditResult, matrices: Mapping[str, Array], found: _Judgement, profiles: data.ProfileTable
) -> None:
    tables = {"summary": result.summary, "recovery": result.recovery, "spill_over": result.spill_over}
    if found.descriptors:
        tables["descriptors"] = descriptor_frame(found.descriptors.values(), profiles.items)
    for name, table in tables.items():
        write_csv(result.folder / f"{name}.csv", table)
    write_json(result.folder / RESULT_FILE, result.record())
    items = [item.code for item in profiles.items]
    save_figure(spill_over_figure(matrices, items, result.title), result.folder, "spill_over")


def _synthetic(survey: data.Survey, found: _Judgement) -> tuple[str, ...]:
    writer, judge = (engine_kind(lm).is_synthetic for lm in (found.writer, found.judge))
    parts = {"writer": writer, "judge": judge, "population": survey.is_synthetic}
    return tuple(part for part, is_synthetic in parts.items() if is_synthetic)


def _notes(survey: data.Survey, countries: tuple[str, ...], found: _Judgement) -> list[str]:
    held_out = [country for country in survey.countries if country not in countries]
    return [
        f"people: respondents of {', '.join(countries)}; held out: {', '.join(held_out) or 'none'}",
        f"the judge: {next(iter(found.judged.values())).elicitation}",
        *rule_notes(found.descriptors),
    ]
