"""How a command's questions reach the model: at once, by files that somebody sends, or by batches."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import typer

from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.commands.options import say
from value_personas.experiments.fieldwork.batch import Batch, BatchWrittenError, batching
from value_personas.experiments.fieldwork.submitting import Submission
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs.engines import Tell, without_keys
from value_personas.signatures import EngineError

_SUBMIT = "submit"

R = TypeVar("R")


def pays_nothing(batch: str | None) -> bool:
    """Whether a command only writes down what would be asked."""
    return batch is not None and batch != _SUBMIT


def _aloud(line: str) -> None:
    say(line, err=True)


def asked(
    job: Callable[[], R],
    batch: str | None,
    recipe: Recipe,
    as_json: bool,
    tell: Tell = _aloud,
    again: Callable[[], None] = lambda: None,
) -> R:
    """What a job gives, once everything that it asks is answered.

    Args:
        job: asks; it may be done several times, and then finds in the store what came meanwhile.
        batch: the folder of request files, or ``submit``; None to ask at once.
        recipe: says where the store is.
        as_json: how files that were written are told of.
        tell: shows a line.
        again: is called before the job is done once more.

    Raises:
        typer.Exit: when requests were written that now wait to be sent.
    """
    if batch is None:
        return job()
    if batch == _SUBMIT:
        workspace = Workspace.open(recipe.workspace)
        return _submitted(job, workspace, recipe.store or workspace.answers, tell, again)
    written = Batch(Path(batch).expanduser())
    with without_keys():  # whoever sends the files has one
        result = _tried(job, written)
    if result is not None:
        return result
    where = f"--store {recipe.store}" if recipe.store else f"--workspace {recipe.workspace}"
    _show(written, written.close(), where, as_json)
    raise typer.Exit


def _tried(job: Callable[[], R], batch: Batch) -> R | None:
    """What the job gives; None where it lacks answers, and what it lacks is written."""
    with batching(batch):
        try:
            result = job()
        except BatchWrittenError:
            return None
    return None if batch.count else result


def _submitted(
    job: Callable[[], R], workspace: Workspace, answers: str | Path, tell: Tell, again: Callable[[], None]
) -> R:
    """Send, wait and import until nothing is left to ask."""
    submission = Submission(workspace.folder / "batches", tell)
    with submission.alone():
        is_first = True
        while True:
            with AnswerStore(answers) as store:
                imported = submission.collect(store)
            if imported.answers or imported.errors:
                tell(f"imported {imported}")
            if not is_first and not imported.answers + imported.final:
                raise EngineError(f"the batches brought no answer ({imported}); run again to send them anew")
            batch = Batch(submission.folder)
            result = _tried(job, batch)
            if result is not None:
                return result
            submission.send(batch, batch.close())
            is_first = False
            again()


def _show(batch: Batch, paths: list[Path], where: str, as_json: bool) -> None:
    """Tell what was written, and how it is sent."""
    if as_json:
        figures = {name: getattr(batch, name) for name in ("count", "input_tokens", "output_tokens", "cost")}
        figures["requests"] = figures.pop("count")
        typer.echo(json.dumps({"files": [str(path) for path in paths], **figures}))
        return
    money = "" if batch.cost is None else f", at most about {batch.cost:,.2f} at the price of batches"
    say(
        f"{batch.count:,} requests to be asked, about {batch.input_tokens:,} tokens read and "
        f"{batch.output_tokens:,} written at most{money}"
    )
    for path in paths:
        say(f"  {path}")
    first, settings = paths[0], batch.settings[paths[0]]
    model, answers = settings.lm.partition("/")[2], first.with_suffix(".results.jsonl")
    say(
        "send each to a server's /v1/files (purpose batch) and name it to /v1/batches, or, for example:\n"
        f"  vllm run-batch --model {model} -i {first} -o {answers}\n"
        "then bring the answers and run the same command again:\n"
        f"  value-personas store import {answers} {where}"
    )
