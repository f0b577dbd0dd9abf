"""A tuning's files: the program, its prompts beside the original's, the learning curve and the scores."""

import difflib
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas.experiments.fieldwork.prompt_file import PredictorPrompt, TunedProgram
from value_personas.experiments.tuning.judgement import TuningJudgement
from value_personas.experiments.tuning.ledger import Ledger
from value_personas.experiments.tuning.search import Search
from value_personas.experiments.tuning.splitting import TuningCells
from value_personas.experiments.tuning.watched import ProgramTable
from value_personas.experiments.workspace.folders import PROGRAM_FILE
from value_personas.experiments.workspace.tables import write_csv

_WIDTH = 88


def learning_curve(ledger: Ledger, table: ProgramTable, search: Search, cells: TuningCells) -> pd.DataFrame:
    """One row for each candidate, in the order in which they were first evaluated.

    Returns:
        Columns candidate, calls (used when its last cell was evaluated), cells, gain (over the original, on
        the cells of both), training and validation (means, NaN unless on all cells), best_validation (so
        far), instruction, demonstrations, rejected (why) and status (original, chosen, finalist or "").
    """
    evaluations = ledger.frame()
    own = evaluations[evaluations["rollout"] == 0].groupby("candidate", sort=False)
    calls, seen = own["calls"].first(), own["question"].count()
    original, best, rows = search.original.candidate, -np.inf, []
    for candidate in (c for c in ledger.candidates if table.get(c) is not None):
        program = table.get(candidate)
        assert program is not None  # as filtered
        prompt = program.prompts["writer.write"]
        validation = ledger.mean(candidate, cells.validation.cells)
        best = validation if validation > best else best
        rows.append(
            {
                "candidate": candidate,
                "calls": int(calls[candidate]),
                "cells": int(seen[candidate]),
                "gain": ledger.gain(candidate, original),
                "training": ledger.mean(candidate, cells.training.cells),
                "validation": validation,
                "best_validation": best,
                "instruction": _visible(textwrap.shorten(prompt["instructions"], 200)),
                "demonstrations": len(prompt["demos"]),
                "rejected": ledger.rejected.get(candidate, ""),
                "status": _status(candidate, search),
            }
        )
    return pd.DataFrame(rows)


def _status(candidate: str, search: Search) -> str:
    if candidate == search.chosen.candidate:
        return "original, kept" if candidate == search.original.candidate else "chosen"
    if candidate == search.original.candidate:
        return "original"
    return "finalist" if candidate in search.finalists else ""


def write_tuning_files(
    folder: Path,
    original: TunedProgram,
    program: TunedProgram,
    judgement: TuningJudgement,
    curve: pd.DataFrame,
    evaluations: pd.DataFrame,
    stamp: str,
) -> None:
    """Write every file of a tuning into its folder; the stamp stands above its figure."""
    # Drawing takes a second of start-up, which only a finished tuning needs.
    from value_personas.experiments.figures.learning_curve import learning_curve_figure
    from value_personas.experiments.figures.style import save_figure

    program.save(folder / PROGRAM_FILE)
    original.save(folder / "original.json")
    (folder / "prompts.diff").write_text(prompt_diff(original, program), encoding="utf-8")
    write_csv(folder / "tuning_summary.csv", judgement.summary)
    write_csv(folder / "tuning_cells.csv", judgement.cells)
    write_csv(folder / "learning_curve.csv", curve)
    write_csv(folder / "evaluations.csv", evaluations)
    save_figure(learning_curve_figure(curve, stamp), folder, "learning_curve", ("png",))


def prompt_diff(original: TunedProgram, program: TunedProgram) -> str:
    """The prompts line by line, − as they were, + as they are; one line where nothing changed."""
    lines: list[str] = []
    for name, before in original.predictors.items():
        after = program.predictors[name]
        lines += difflib.unified_diff(
            _lines(before), _lines(after), f"{name}, original", f"{name}, tuned", n=100, lineterm=""
        )
    return "\n".join(lines or ["No prompt was changed: the original won."]) + "\n"


def _lines(prompt: PredictorPrompt) -> list[str]:
    paragraphs = prompt.instructions.splitlines()
    text = [line for p in paragraphs for line in textwrap.wrap(p, _WIDTH) or [""]]
    for number, demo in enumerate(prompt.demos, 1):
        text += ["", f"Demonstration {number}"]
        text += [f"  {field}: {value}" for field, value in demo.items() if field != "augmented"]
    return [_visible(line) for line in text]


def _visible(text: str) -> str:
    """Nothing in a proposal, which any model may have written, acts on a terminal that shows it."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
