"""A study in MLflow while the work goes on: begun with its first answers, ended as it ended."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

from value_personas.experiments.progress.reporter import Reporter
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.tracking.client import require_sound, tracking_client
from value_personas.experiments.tracking.names import metric_name, run_title
from value_personas.experiments.tracking.recording import Record, open_run
from value_personas.experiments.workspace.folders import Workspace, stamped
from value_personas.signatures import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient

ANSWERS = "answers"
"""What answers are called where they are counted beside other things."""

_BEAT_S = 10.0
"""Seconds between two batches of metrics."""


class Live:
    """Receives a study's progress, hands it on, and keeps MLflow's record of it up to date from a thread.

    Nothing that fails here ends the work: whoever records what it came to says what MLflow has to say.

    Args:
        record: what MLflow is told when it begins; its folder is not made yet.
        workspace: where.
        reporter: the progress is handed on to it.
        recorded: whether MLflow is told while it goes on; else progress is only handed on.
        begun: the run, where there is one already: of a sweep's cells, their parent.

    Attributes:
        name: of a run's folder, which is made when there is something to put in it.
    """

    def __init__(
        self, record: Record, workspace: Workspace, reporter: Reporter, recorded: bool, begun: str | None
    ) -> None:
        self.name = record.folder.name
        self._record, self._workspace, self._reporter = record, workspace, reporter
        self._run_id = begun
        self._settled: dict[str, tuple[int, int]] = {}
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._beats, self._recorded = 0, recorded

    def stage(self, text: str) -> None:
        """Hand it on."""
        self._reporter.stage(text)

    def note(self, text: str) -> None:
        """Hand it on."""
        self._reporter.note(text)

    def answered(self, kind: str, n: int, total: int) -> None:
        """Hand it on, and count it; the run begins with the first."""
        self._reporter.answered(kind, n, total)
        self._settled[kind] = (self._settled.get(kind, (0, 0))[0] + n, total)
        if self._thread is None and self._recorded:
            self._thread = threading.Thread(target=self._keep, name="mlflow-progress", daemon=True)
            self._thread.start()

    def stop(self) -> str | None:
        """End the thread.

        Returns:
            The run that was begun; None where there is none yet.
        """
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        return self._run_id

    def end(self, status: str) -> None:
        """Mark the run that was begun as ``FAILED`` or ``KILLED``."""
        if (run_id := self.stop()) is not None:
            with suppress(StoreError), self._client() as client:
                client.set_terminated(run_id, status)

    def _keep(self) -> None:
        if self._run_id is None:
            with suppress(StoreError):
                self._run_id = open_run(self._workspace, self._record)
        while self._run_id is not None:
            ending = self._ending.wait(_BEAT_S)
            with suppress(StoreError):
                self._beat(self._run_id)
            if ending:
                return

    def _beat(self, run_id: str) -> None:
        from mlflow.entities import Metric

        now, settled = int(time.time() * 1000), dict(self._settled)
        shares = {metric_name("progress", kind): n / total for kind, (n, total) in settled.items() if total}
        answers = settled.get(ANSWERS, (sum(n for n, _ in settled.values()), 0))[0]
        values = {**shares, "progress.answers": float(answers)}
        with self._client() as client:
            client.log_batch(
                run_id, metrics=[Metric(name, value, now, self._beats) for name, value in values.items()]
            )
        self._beats += 1

    def _client(self) -> AbstractContextManager["MlflowClient"]:
        return tracking_client(self._record.recipe.tracking, self._workspace)


@contextmanager
def live(
    recipe: Recipe,
    workspace: Workspace,
    reporter: Reporter,
    kind: str,
    *,
    recorded: bool = True,
    begun: str | None = None,
) -> Iterator[Live]:
    """What a study is told to while it goes on; where it does not come to its end, MLflow is told so."""
    require_sound(recipe.tracking, workspace)
    folder = workspace.folder / "runs" / stamped(recipe.name)
    record = Record(recipe, run_title(recipe.name, recipe.answered_by), {}, {"kind": kind}, folder)
    watched = Live(record, workspace, reporter, recorded, begun)
    try:
        yield watched
    except Exception:
        watched.end("FAILED")
        raise
    except BaseException:  # an interrupt
        watched.end("KILLED")
        raise
