"""A tuning in the user's own hands: DSPy's evaluator and optimisers, with nothing but DSPy and this."""

import asyncio
import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import dspy
import pytest
from dspy.utils.callback import BaseCallback

import value_personas as vp
from tests.experiments.tuning.tunings import SMALL
from value_personas.signatures import EngineError


@pytest.fixture
def task(tmp_path: Path) -> Iterator[vp.TuningTask]:
    with vp.tuning_task(vp.load_recipe("tune", [f"workspace={tmp_path}", *SMALL]), progress=False) as task:
        yield task


def mean(task: vp.TuningTask, program: Any, cells: list[dspy.Example]) -> float:
    evaluate = dspy.Evaluate(devset=cells, metric=task.metric, num_threads=2, display_progress=False)
    return float(evaluate(program).score) / 100


def test_it_goes_straight_into_evaluate(task: vp.TuningTask) -> None:
    program, train, validation, metric = task
    assert len(train) == len(validation) == 4
    assert len(task.held_out) == 8
    by_hand = [metric(cell, program(**cell.inputs())) for cell in validation]
    assert mean(task, program, validation) == pytest.approx(sum(by_hand) / 4, abs=1e-4)
    seen = {cell.country for cell in [*train, *validation]}
    assert not seen & {cell.country for cell in task.held_out}


def test_asynchronous_and_copied_programs_predict_the_same(task: vp.TuningTask, tmp_path: Path) -> None:
    cell = task.train[0].inputs()
    here = task.program(**cell).distribution

    async def elsewhere() -> list[list[float]]:
        found = [await task.program.acall(**cell), await dspy.asyncify(task.program)(**cell)]
        return [one.distribution for one in found]

    assert asyncio.run(elsewhere()) == [here, here]
    assert copy.deepcopy(task.program)(**cell).distribution == here
    pickled = cloudpickle.loads(cloudpickle.dumps(task.program))
    pickled.surroundings.predictions.clear()
    pickled.surroundings.tables.clear()
    assert pickled(**cell).distribution == here

    task.program.save(tmp_path / "program.json")
    other = task.program.deepcopy()
    other.writer.write.signature = other.writer.write.signature.with_instructions("Something else.")
    assert other.candidate != task.program.candidate
    other.load(tmp_path / "program.json")
    assert other.candidate == task.program.candidate
    assert "key" not in json.loads((tmp_path / "program.json").read_text())
    task.program.save(tmp_path / "whole", save_program=True)
    assert dspy.load(tmp_path / "whole", allow_pickle=True)(**cell).distribution == here


def test_a_foreign_lm_is_refused_with_the_reason(task: vp.TuningTask) -> None:
    foreign = dspy.LM("openai/other", api_key="none")
    with pytest.raises(EngineError, match="openai/other would be asked nothing"):
        task.program.set_lm(foreign)
    task.program.writer.write.lm = None
    with dspy.context(lm=foreign), pytest.raises(BaseException, match="openai/other would be asked nothing"):
        task.program(**task.train[0].inputs())
    task.program.set_lm(task.lm)
    with dspy.context(lm=task.lm):
        assert task.program(**task.train[0].inputs()).rejected is None


class Spans(BaseCallback):
    """Counts what a tracer would see."""

    def __init__(self) -> None:
        self.began: list[dict[str, Any]] = []
        self.ended: list[Any] = []

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        self.began.append(inputs)

    def on_lm_end(self, call_id: str, outputs: Any, exception: Exception | None = None) -> None:
        self.ended.append(outputs)


def test_some_of_the_bulk_shows_in_callbacks_and_history(
    task: vp.TuningTask, capsys: pytest.CaptureFixture[str]
) -> None:
    spans = Spans()
    with dspy.context(callbacks=[spans]):
        for cell in [*task.train, *task.validation, *task.held_out]:
            task.program(**cell.inputs())
    assert len(spans.began) == len(spans.ended) == 20
    dspy.inspect_history(n=1)
    shown = capsys.readouterr().out
    assert "You " in shown, "the persona that was asked"


def test_looking_costs_no_call(tmp_path: Path) -> None:
    used = []
    for place, quiet in (("a", False), ("b", True)):
        recipe = vp.load_recipe("tune", [f"workspace={tmp_path / place}", *SMALL])
        with vp.tuning_task(recipe, progress=False) as task, dspy.context(disable_history=quiet):
            mean(task, task.program, task.train)
            used.append(task.calls)
    assert used[0] == used[1] > 0


def test_a_survey_becomes_examples(task: vp.TuningTask) -> None:
    survey = task._ready.survey
    split = vp.data.split_countries(survey.countries, share=0.5, seed=1)
    train, held_out = vp.examples(survey, split, ["Q29", "Q33"])
    assert {cell.country for cell in train} == set(split.training)
    assert {cell.country for cell in held_out} == set(split.held_out)
    for cell in (*train, *held_out):
        assert cell.human == list(survey.distribution(cell.question, cell.country))
        assert set(cell.inputs().keys()) == {"country", "question"}
        assert len(cell.options) == len(cell.human)


def gepa(task: vp.TuningTask) -> dspy.Module:
    asked = {"metric": task.metric, "reflection_lm": task.proposer, "max_metric_calls": 120}
    return dspy.GEPA(**asked, num_threads=1, seed=0).compile(
        task.program, trainset=task.train, valset=task.validation
    )


def gepa_over_objectives(task: vp.TuningTask) -> dspy.Module:
    best = dspy.GEPA(
        metric=task.metric.with_objectives(),
        reflection_lm=task.proposer,
        max_metric_calls=120,
        num_threads=1,
        track_stats=True,
        gepa_kwargs={"frontier_type": "hybrid"},
    ).compile(task.program, trainset=task.train, valset=task.validation)
    assert "spread" in best.detailed_results.objective_pareto_front
    return best


def miprov2(task: vp.TuningTask) -> dspy.Module:
    shown = {"max_bootstrapped_demos": 0, "max_labeled_demos": 0, "num_candidates": 5, "num_threads": 1}
    return dspy.MIPROv2(
        metric=task.metric, prompt_model=task.proposer, task_model=task.lm, auto=None, **shown
    ).compile(task.program, trainset=task.train, valset=task.validation, num_trials=8, minibatch=False)


def copro(task: vp.TuningTask) -> dspy.Module:
    optimizer = dspy.COPRO(metric=task.metric, prompt_model=task.proposer, breadth=5, depth=2)
    return optimizer.compile(task.program, trainset=task.train, eval_kwargs={"num_threads": 1})


def simba(task: vp.TuningTask) -> dspy.Module:
    sizes = {"bsize": 4, "num_candidates": 2, "max_steps": 4, "max_demos": 0, "num_threads": 1}
    return dspy.SIMBA(metric=task.metric, prompt_model=task.proposer, **sizes).compile(
        task.program, trainset=task.train
    )


def bootstrap(task: vp.TuningTask) -> dspy.Module:
    shown = {"max_bootstrapped_demos": 3, "max_labeled_demos": 0}
    return dspy.BootstrapFewShot(metric=task.metric, metric_threshold=0.9, **shown).compile(
        task.program, trainset=task.train
    )


def random_search(task: vp.TuningTask) -> dspy.Module:
    sizes = {"max_bootstrapped_demos": 3, "max_labeled_demos": 0, "num_candidate_programs": 4}
    return dspy.BootstrapFewShotWithRandomSearch(metric=task.metric, num_threads=1, **sizes).compile(
        task.program, trainset=task.train, valset=task.validation
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimise", "least"),
    [
        (gepa, 0.02),
        (gepa_over_objectives, 0.02),
        (miprov2, 0.02),
        (copro, 0.02),
        (simba, 0.01),
        (bootstrap, 0.0),  # the poor instruction's own texts as demonstrations: no more can be hoped for
        (random_search, 0.0),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_every_optimiser_improves_the_poor_instruction(
    tmp_path: Path, optimise: Callable[[vp.TuningTask], dspy.Module], least: float
) -> None:
    recipe = vp.load_recipe("tune", [f"workspace={tmp_path}", "tuning.budget_calls=4000"])
    with vp.tuning_task(recipe, progress=False) as task:
        best = optimise(task)
        before, after = (mean(task, program, task.held_out) for program in (task.program, best))
    assert best.candidate != task.program.candidate
    assert after > before + least
