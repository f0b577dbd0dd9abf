"""The Python interface under an event loop that runs, as in a notebook's cell."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import value_personas as vp
from tests.experiments.small_runs import SMALL
from tests.experiments.tuning import tunings
from tests.fake_engines import RuleEngine, letters
from tests.fake_server import FakeServer
from value_personas.experiments.audit.audit import run_audit
from value_personas.experiments.report.personas.inspect import inspect_personas
from value_personas.experiments.run.rerun import rerun


def test_a_run_and_what_is_done_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def cells() -> Any:
        here = [f"workspace={tmp_path}", *SMALL]
        recipe = vp.load_recipe("quickstart", here)
        result = vp.run(recipe)
        assert "scoring" in capsys.readouterr().err, "it shows its progress by itself"
        assert vp.run(recipe, progress=False).scores.equals(result.scores)
        assert vp.report(str(result.folder), workspace=tmp_path, progress=False).page.is_file()
        assert rerun(str(result.folder), workspace=tmp_path, progress=False).agrees
        inspect_personas(recipe, n=1, answers=True, progress=False)
        assert capsys.readouterr().err == "", "off"
        return result

    assert not asyncio.run(cells()).summary.empty


@pytest.mark.slow
@pytest.mark.parametrize(
    "study", ["audit", "sweep", "ablate", "shapley", "calibrate", "tune", "search", "score"]
)
def test_a_study(study: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = [f"workspace={tmp_path}", *SMALL]

    async def cell() -> Any:
        if study == "audit":
            return run_audit(vp.load_recipe("quickstart", here), progress=False)
        if study == "sweep":
            return vp.sweep(vp.load_recipe("quickstart", [*here, "sweep.grid.seed=[0, 1]"]), progress=False)
        if study == "ablate":
            recipe = vp.load_recipe("quickstart", [*here, "ablation.factors.profiles.n=[6, 3]"])
            return vp.ablate(recipe, progress=False)
        if study == "shapley":
            return vp.shapley(vp.load_recipe("shapley", [*here, "shapley.budget_calls=4000"]), progress=False)
        if study == "calibrate":
            wide = [*here, 'questions.include=["Q29", "Q33", "Q61", "Q106", "Q171", "Q185"]']
            vp.run(vp.load_recipe("quickstart", wide), progress=False)
            recipe = vp.load_recipe("quickstart", [*wide, "calibration.search.trials=8"])
            return vp.calibrate(recipe, progress=False)
        if study == "search":
            space = "search.space={calibration={temperature={low=1.0, high=8.0, log=true}}}"
            return vp.search(vp.load_recipe("search", [*here, space, "search.trials=3"]), progress=False)
        if study == "score":
            tables = predictions_and_shares(
                vp.run(vp.load_recipe("quickstart", here), progress=False), tmp_path
            )
            return vp.score(*tables, settings=here[:1], progress=False)
        small = [f"workspace={tmp_path}", *tunings.SMALL]
        return vp.tune(vp.load_recipe("tune", small), progress=False)

    result = asyncio.run(cell())
    assert result.to_json()
    assert capsys.readouterr().err == "", "off"
    assert len(repr(result)) < 400
    assert ("synthetic" in repr(result)) == (study != "score"), "a file's predictions are taken as they are"
    assert "<table" in result._repr_html_()


def predictions_and_shares(result: vp.RunResult, place: Path) -> list[Path]:
    """What a run predicted and what people answered, as tables of somebody else's."""
    keys = ["country", "question", "option"]
    predicted = result.estimates.rename(columns={"predicted": "share"})[["method", *keys, "share"]]
    predicted.to_csv(place / "predictions.csv", index=False)
    people = result.estimates[result.estimates["method"] == "country"].rename(columns={"human": "share"})
    people[[*keys, "share"]].assign(n=150).to_csv(place / "shares.csv", index=False)
    return [place / "predictions.csv", place / "shares.csv"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Jupyter's own
def test_ctrl_c_in_a_cell_is_one_line_and_the_same_cell_goes_on(tmp_path: Path) -> None:
    """In a real kernel. Nothing is asked again: calls on their way are waited for, and kept."""
    jupyter = pytest.importorskip("jupyter_client.manager")
    engine, at_once = RuleEngine(letters), 4
    with FakeServer(engine=engine, latency_s=0.05) as server:
        settings = [
            *(f"workspace={tmp_path}", *SMALL, 'personas=["none", "values-verbatim"]'),
            *("respondent.lm=openai/m", f"respondent.base_url={server.url}", "respondent.parameters={}"),
            *("respondent.deployment=one", f"respondent.concurrency={at_once}", "cultural_map.ask=false"),
        ]
        cell = f"import value_personas as vp\nvp.run(vp.load_recipe('quickstart', {settings!r}))"
        with _Kernel(jupyter) as kernel:
            running = kernel.execute(cell)
            while server.calls < 20:
                time.sleep(0.02)
            kernel.interrupt()
            [error] = [content for kind, content in kernel.told(running) if kind == "error"]
            assert error["ename"] == "KeyboardInterrupt"
            [line] = error["traceback"]
            assert line.endswith("what was answered is stored, the same cell goes on")
            before = server.calls
            time.sleep(0.5)
            assert server.calls == before, "nothing is asked after it has stopped"
            told = list(kernel.told(kernel.execute(cell)))
            assert "<RunResult quickstart" in str(told)
            assert "error" not in dict(told)
            everything = server.calls
            list(kernel.told(kernel.execute(cell)))
            assert server.calls == everything
    asked = [(r.system, r.messages[-1].text, r.config.seed, r.config.logprobs) for r in engine.requests]
    assert 20 <= before < len(set(asked)), "there was something left"
    assert len(asked) == len(set(asked))


class _Kernel:
    """A kernel of Jupyter's, which runs cells."""

    def __init__(self, jupyter: Any) -> None:
        self._manager = jupyter.KernelManager(kernel_name="python3")

    def __enter__(self) -> "_Kernel":
        self._manager.start_kernel()
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def execute(self, cell: str) -> str:
        return str(self._client.execute(cell))

    def told(self, cell: str) -> Iterator[tuple[str, Any]]:
        """What a cell shows, kind and content, until it has ended."""
        while True:
            message = self._client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != cell:
                continue
            if message["content"].get("execution_state") == "idle":
                return
            yield message["msg_type"], message["content"]


def test_what_a_cell_shows_is_short_and_names_itself(tmp_path: Path) -> None:
    name = "Pilot <b>1"
    recipe = vp.load_recipe("quickstart", [f"workspace={tmp_path}", *SMALL, f'name="{name}"'])
    result = vp.run(recipe, progress=False)
    for shown in (recipe, result):
        assert len(repr(shown)) < 300
        assert name in repr(shown)
        html = shown._repr_html_()
        assert "<b>1" not in html
        assert "&lt;b&gt;1" in html
    assert "synthetic" in repr(result)
    assert "data:image/png;base64" in result._repr_html_()
    assert f">{result.floor['wasserstein']:.3f}<".replace(">0.", ">.") in result._repr_html_()
