"""A scheduler and workers on this machine, kept up."""

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

distributed = pytest.importorskip("distributed")

from tests.programs.engines.cluster.workers import pids  # noqa: E402
from value_personas.programs.engines import EngineSettings, connect  # noqa: E402
from value_personas.programs.engines.cluster.processes import Processes  # noqa: E402
from value_personas.signatures import EngineError  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def until(holds: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def _differs(own: Processes, pid: int) -> bool:
    return pids(own) != [pid]


def test_a_worker_that_is_killed_before_it_has_started_is_started_again() -> None:
    own = Processes(1)
    for _ in range(4):
        (killed,) = pids(own)
        os.kill(killed, signal.SIGKILL)
        until(partial(_differs, own, killed))
    with distributed.Client(own.address, set_as_default=False) as client:
        until(client.nthreads)
        assert len(client.nthreads()) == 1
    (last,) = pids(own)
    own.close()
    own.close()
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)


def test_what_ends_by_itself_at_once_is_not_started_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(EngineError, match="processes that are started here end at once: exit code 1"):
        connect(EngineSettings(lm="synthetic/respondent", cluster="local:3"))
