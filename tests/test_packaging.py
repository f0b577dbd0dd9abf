"""One name: what is installed is value_personas and nothing else, however it is installed."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("data", "experiments", "programs", "signatures")


def python(interpreter: Path, *words: str, cwd: Path, here: bool = False) -> subprocess.CompletedProcess[str]:
    """A Python as a user has it; ``here``: it may find this checkout as these tests do."""
    environment = {name: value for name, value in os.environ.items() if here or name != "PYTHONPATH"}
    return subprocess.run(
        [str(interpreter), *words],
        cwd=cwd,
        env=environment | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def hostile(folder: Path) -> Path:
    """A folder of a user who has modules of the four names, each of which must be left alone."""
    folder.mkdir()
    trap = "raise RuntimeError('a file of the user was imported')\n"
    for name in ("data.py", "programs.py", "signatures.py", "experiments/__init__.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(trap, encoding="utf-8")
    return folder


MAIN = "from value_personas.experiments.cli import main; main()"
USES_ALL = "import value_personas as vp; vp.data.read_survey; vp.programs.Panel; vp.signatures.Scale; vp.run"


def test_a_user_s_own_data_py_and_experiments_break_nothing(tmp_path: Path) -> None:
    words = f"{USES_ALL}; import sys; sys.argv[1:] = ['recipes']; {MAIN}"
    done = python(Path(sys.executable), "-c", words, cwd=hostile(tmp_path / "own"), here=True)
    assert (done.returncode, "quickstart" in done.stdout) == (0, True), done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, the source distribution, and in ``again`` the wheel that the latter gives."""
    folder = tmp_path_factory.mktemp("built")
    hatch(ROOT, folder, "-t", "wheel", "-t", "sdist")
    (packed,) = folder.glob("*.tar.gz")
    with tarfile.open(packed) as source:
        source.extractall(folder / "source", filter="data")
    (unpacked,) = (folder / "source").iterdir()
    hatch(unpacked, folder / "again", "-t", "wheel")
    return folder


def hatch(source: Path, to: Path, *what: str) -> None:
    done = python(Path(sys.executable), "-m", "hatchling", "build", "-d", str(to), *what, cwd=source)
    assert done.returncode == 0, done.stderr


def files(folder: Path) -> list[str]:
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        return sorted(packed.namelist())


@pytest.mark.slow
def test_the_wheel_holds_one_name_and_the_source_distribution_gives_the_same(built: Path) -> None:
    direct = files(built)
    top = {name.partition("/")[0] for name in direct}
    assert {name for name in top if not name.endswith(".dist-info")} == {"value_personas"}
    assert len(top) == 2
    assert files(built / "again") == direct
    assert not [name for name in direct if "/benchmarks/" in name or "/tests/" in name]
    for name in NAMES:
        assert f"value_personas/{name}/__init__.py" in direct
    for kept in ("value_personas/py.typed", "value_personas/experiments/recipes/quickstart.toml"):
        assert kept in direct
    (packed,) = built.glob("*.tar.gz")
    with tarfile.open(packed) as source:
        assert {"CHANGELOG.md", "README.md", "LICENSE"} <= {Path(name).name for name in source.getnames()}


@pytest.mark.slow
@pytest.mark.parametrize("how", [(), ("-e",)], ids=["pip install .", "pip install -e ."])
def test_installed_it_is_there_under_one_name(tmp_path: Path, how: tuple[str, ...]) -> None:
    """In an environment of its own, which takes what the project depends on from this one."""
    venv.create(tmp_path / "env", with_pip=True)
    own = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    where = python(own, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).stdout
    dependencies = sysconfig.get_path("purelib")
    (Path(where.strip()) / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    install = (
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        *how,
        str(ROOT),
    )
    done = python(own, *install, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = hostile(tmp_path / "own")
    for words in (("-c", USES_ALL), ("-m", "value_personas.experiments.cli", "--help")):
        done = python(own, *words, cwd=folder)
        assert done.returncode == 0, done.stderr
    done = python(own, "-c", "import value_personas; print(value_personas.__file__)", cwd=tmp_path)
    assert Path(done.stdout.strip()).is_relative_to(ROOT if how else tmp_path), done.stdout
    command = python(own.with_name("value-personas"), "--help", cwd=folder)
    assert "Predict how a country's people" in " ".join(command.stdout.split()), command.stderr
    for name in NAMES:
        done = python(own, "-c", f"import {name}", cwd=tmp_path)
        assert f"No module named '{name}'" in done.stderr
