"""The command line from outside: one line and exit code 2 for what the user can put right."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from tests.builders import interrupted, interruptible
from tests.experiments.commands.typed import command
from tests.fake_server import FakeServer
from value_personas.experiments import cli

SMALL = [
    *("survey.respondents=100", "profiles.n=5", 'questions.include=["Q29"]', 'personas=["country"]'),
    "scoring.persona_draws=2",
]

REFUSED = ["respondent.lm=openai/m", "respondent.base_url=http://127.0.0.1:9/v1"]

KEY = "-".join(("sk", "planted", "secret"))
"""In pieces: a run keeps the uncommitted changes of the code too, this file's among them."""


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own: what it prints itself and what its libraries print."""
    return subprocess.run(
        [sys.executable, "-m", "value_personas.experiments.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"COLUMNS": "80"} | environment,
    )


def typed(workspace: Path, *settings: str) -> list[str]:
    options = [part for setting in (*SMALL, *settings) for part in ("--set", setting)]
    return ["run", "--workspace", str(workspace), *options]


def run(workspace: Path, *settings: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return command(*typed(workspace, *settings), **environment)


def write_sav(path: Path, frame: pd.DataFrame) -> str:
    pyreadstat.write_sav(frame, str(path))
    return f"survey.path={path}"


def wvs7(**columns: object) -> pd.DataFrame:
    """A handful of respondents of nobody, in WVS-7 columns."""
    plain: dict[str, object] = {
        "B_COUNTRY": [862.0] * 6,
        "B_COUNTRY_ALPHA": ["VEN"] * 6,
        "A_YEAR": [2021.0] * 6,
        "W_WEIGHT": [1.0] * 6,
        **{f"Q{n}": [1.0, 2.0, 3.0] * 2 for n in (1, 29, 45, 46, 209, 254)},
        **{f"Q{n}": [1.0, 5.0, 10.0] * 2 for n in (164, 182, 184)},
        "Q57": [1.0, 2.0] * 3,
    } | columns
    return pd.DataFrame({name: value for name, value in plain.items() if value is not None})


def assert_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    lines = [line for line in done.stderr.splitlines() if line.startswith("value-personas:")]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["survey.path=none.sav"], ["none.sav"]),
        (["survey.codebook=nonsense"], ["nonsense", "wvs7"]),
        (['survey.countries=["SWE"]'], ["SWE", "XNA"]),
        (['questions.include=["Q9999"]'], ["Q9999"]),
        (["profiles.m=5"], ["profiles.m", "profiles.n"]),
        (["profiles.n=few"], ["profiles.n", "few"]),
        (["respondent.lm=nowhere/m"], ["nowhere"]),
        (REFUSED, ["127.0.0.1:9"]),
        (["respondent.lm=openai/m", "respondent.api_key_env=NOT_SET_ANYWHERE"], ["NOT_SET_ANYWHERE"]),
        (["respondent.parameters.sharpnes=2"], ["sharpnes"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_settings(tmp_path: Path, settings: list[str], words: list[str]) -> None:
    assert_one_line(run(tmp_path, *settings), *words)


def test_an_unreadable_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sav"
    broken.write_bytes(b"$FL2 not really")
    assert_one_line(run(tmp_path, f"survey.path={broken}"), "broken.sav")


def test_a_truncated_file(tmp_path: Path) -> None:
    whole = tmp_path / "whole.sav"
    pyreadstat.write_sav(wvs7(), str(whole))
    cut = tmp_path / "cut.sav"
    cut.write_bytes(whole.read_bytes()[:-200])
    assert_one_line(run(tmp_path, f"survey.path={cut}"), "cut.sav")


def test_no_country_column(tmp_path: Path) -> None:
    frame = wvs7(B_COUNTRY=None, B_COUNTRY_ALPHA=None)
    setting = write_sav(tmp_path / "nowhere.sav", frame)
    assert_one_line(run(tmp_path, setting, "survey.codebook=wvs7"), "nowhere.sav", "country")


@pytest.mark.parametrize("weight", [0.0, float("nan")])
def test_no_usable_weight(tmp_path: Path, weight: float) -> None:
    setting = write_sav(tmp_path / "weightless.sav", wvs7(W_WEIGHT=[weight] * 6))
    assert_one_line(run(tmp_path, setting, "survey.codebook=wvs7"), "W_WEIGHT", "VEN")


def test_a_wrong_key_ends_the_run_and_is_never_shown(tmp_path: Path) -> None:
    with FakeServer({"401": 1.0}) as server:
        settings = ["respondent.lm=openai/m", f"respondent.base_url={server.url}"]
        done = run(tmp_path, *settings, "respondent.api_key_env=PLANTED", PLANTED=KEY)
    assert_one_line(done, "key")
    assert KEY not in done.stderr


def test_no_logprobs_where_the_recipe_demands_them(tmp_path: Path) -> None:
    with FakeServer({"no-logprobs": 1.0}) as server:
        settings = ["respondent.lm=openai/m", f"respondent.base_url={server.url}"]
        done = run(tmp_path, *settings, "respondent.elicitation.mode=logprobs")
    assert_one_line(done, "log-probabilities")


_A_PERSON_S_RUN = """
import sys
from value_personas.experiments.cli import main

try:
    main()
finally:
    from mlflow.telemetry.client import get_telemetry_client

    assert get_telemetry_client() is None, "MLflow reports to somebody"
"""


def test_a_key_reaches_no_file_mlflow_nobody_and_json_is_one_object_alone(
    tmp_path: Path,
) -> None:
    from value_personas.programs.engines.synthetic import SyntheticRespondent

    with FakeServer(engine=SyntheticRespondent(), key=KEY) as server:
        settings = ["respondent.lm=openai/m", f"respondent.base_url={server.url}"]
        words = typed(tmp_path, *settings, "respondent.api_key_env=PLANTED")
        hidden = ("MLFLOW", "PYTEST", "CI", "GITHUB")  # by which MLflow knows a test
        environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        done = subprocess.run(
            [sys.executable, "-c", _A_PERSON_S_RUN, *words, "--json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=environment | {"COLUMNS": "80", "PLANTED": KEY},
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["synthetic"] == ["population"]
    assert {row["method"] for row in found["summary"]} == {"country"}
    assert KEY not in done.stdout + done.stderr
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"mlflow.db", "answers.db"} <= {path.name for path in kept}
    assert not [
        path for path in kept if path.name.endswith(("-wal", "-shm"))
    ]  # each database is whole by itself
    assert len(kept) > 10
    assert not [path for path in kept if KEY.encode() in path.read_bytes()]


def test_ctrl_c_says_what_is_kept(tmp_path: Path) -> None:
    with FakeServer(latency_s=0.2) as server:
        settings = ["respondent.lm=openai/m", f"respondent.base_url={server.url}", "profiles.n=400"]
        words = typed(tmp_path, *settings, 'questions.include=["Q1"]')
        arguments = [sys.executable, "-m", "value_personas.experiments.cli", *words]
        running = interruptible(arguments)
        while running.poll() is None and server.calls < 20:
            time.sleep(0.05)
        out, error = interrupted(running)
    assert running.returncode == 130
    assert "the same command goes on" in error
    assert out == ""


def test_ctrl_c_while_it_starts_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupting() -> None:
        raise KeyboardInterrupt

    codes: list[int] = []
    monkeypatch.setattr(cli, "_app", interrupting)
    monkeypatch.setattr(os, "_exit", codes.append)
    cli.main()
    assert codes == [130]
    assert capsys.readouterr().err.strip() == (
        "value-personas: stopped; what was answered is stored, the same command goes on"
    )


@pytest.mark.parametrize("words", [("export", "--to", "x.sav"), ("structure",), ("power",)])
def test_what_only_reads_makes_no_workspace(words: tuple[str, ...], tmp_path: Path) -> None:
    done = command(*words, "--workspace", str(tmp_path / "none"))
    assert done.returncode == 2
    assert "value-personas run" in done.stderr
    assert not (tmp_path / "none").exists()


def test_json_says_what_is_synthetic(tmp_path: Path) -> None:
    found = json.loads(command(*typed(tmp_path), "--json").stdout)
    assert found["synthetic"] == ["respondent", "population"]
    assert {row["method"] for row in found["summary"]} == {"country"}


def test_the_table_fits_a_terminal_and_says_synthetic(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "synthetic respondent and population" in done.stdout
    assert any("noise floor" in line for line in lines)
    assert all(len(line) <= 80 for line in lines if not line.startswith(("tables", "MLflow", "next")))
    (then,) = (line for line in lines if line.startswith("next"))
    (tables,) = (line for line in lines if line.startswith("tables"))
    assert then.split() == ["next", "value-personas", "report", tables.split()[1]]


def test_a_workspace_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert_one_line(command("run", "--workspace", str(tmp_path / "file" / "w")), "workspace")


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    assert_one_line(run(tmp_path), "runs")


def test_an_error_shows_nothing_that_a_terminal_obeys_and_no_password(tmp_path: Path) -> None:
    done = run(tmp_path, "tracking.\x1b[31m\u202ehttp://me:sk-planted@host=1")
    assert_one_line(done, "unknown key tracking.", "http://me@host")
    assert not {"\x1b", "\u202e"} & set(done.stderr)


def test_a_name_that_is_no_text_here_is_one_line() -> None:
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = process("survey", "Umfrage-München.sav", **locale)
    assert done.returncode == 2
    assert re.fullmatch(
        r"value-personas: Umfrage-M\?+nchen.sav: not readable as ascii; set .*\n", done.stderr
    )
    assert process("survey", "Umfrage-München.sav", PYTHONUTF8="1").stderr.endswith(": no such file\n")


def test_a_name_is_neither_markup_nor_formula(tmp_path: Path) -> None:
    done = run(tmp_path, r"name=x [red][nope] :smile: $a^b^c$ 日本")
    assert done.returncode == 0, done.stderr
    assert r"x [red][nope] :smile: $a^b^c$ 日本" in done.stdout
    assert "Glyph" not in done.stderr


def test_the_records_pages_need_records(tmp_path: Path) -> None:
    assert_one_line(command("ui", "--workspace", str(tmp_path)), "nothing recorded yet")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['value-personas', '--help']\n"
        "from value_personas.experiments.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'dspy', 'pandas', 'numpy', 'mlflow', 'optuna', 'sqlalchemy'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "run" in done.stdout


def test_a_run_imports_no_client_of_a_server_that_it_does_not_ask() -> None:
    code = (
        "import sys, value_personas.experiments.run.pipeline\n"
        "sys.exit(str({'aiohttp', 'alembic', 'optuna', 'sklearn', 'torch'} & set(sys.modules) or ''))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert not done.stderr.strip()


def test_to_look_into_a_survey_loads_neither_a_model_nor_a_database_nor_a_figure() -> None:
    code = (
        "import sys, value_personas.experiments.commands.printing.survey\n"
        "sys.exit(str({'dspy', 'sqlalchemy', 'mlflow', 'matplotlib', 'scipy'} & set(sys.modules) or ''))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert not done.stderr.strip()


def test_the_version() -> None:
    assert re.fullmatch(r"value-personas \d+\.\d+\.\d+\S*\n", process("--version").stdout)


def test_completion_is_offered() -> None:
    assert "--install-completion" in command("--help").stdout


def test_without_docstrings_there_are_no_prompts() -> None:
    done = subprocess.run(
        [sys.executable, "-OO", "-c", "import value_personas"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "ImportError: value_personas: python -OO (PYTHONOPTIMIZE=2)"
    )
    as_module = [sys.executable, "-OO", "-m", "value_personas.experiments.cli", "--version"]
    done = subprocess.run(as_module, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("value_personas: python -OO (PYTHONOPTIMIZE=2)")


def test_the_ui_of_a_server_is_its_own(tmp_path: Path) -> None:
    done = command("ui", "--workspace", str(tmp_path), "--set", "tracking.uri=http://me:secret@host:5000")
    assert done.stdout == "http://me@host:5000 is a server already: open it in a browser\n"


@pytest.mark.slow
def test_the_ui_ends_with_its_command(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert run(tmp_path).returncode == 0
    words = ["ui", "--workspace", str(tmp_path), "--port", str(port)]
    told = tmp_path / "ui.log"
    with told.open("wb") as log:
        ui = subprocess.Popen([sys.executable, "-m", "value_personas.experiments.cli", *words], stderr=log)
    try:
        _wait(lambda: _answers(port), "no page within two minutes")
        page = f"http://127.0.0.1:{port}/#/experiments/1/runs"
        assert told.read_text().startswith(f"{page}  (Ctrl-C stops it)\n")
        ui.terminate()
        ui.wait(30)
        _wait(lambda: not _answers(port), "the server outlived its command")
    finally:
        ui.kill()


def _wait(until: Callable[[], bool], or_else: str) -> None:
    for _ in range(1200):
        if until():
            return
        time.sleep(0.1)
    pytest.fail(or_else)


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
