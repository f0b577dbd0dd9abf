"""The README is short, and its first table is what the quickstart prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def test_it_stays_under_150_lines() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < 150


def test_every_link_leads_somewhere() -> None:
    for page in [README, *README.parent.glob("*/README.md"), *README.parent.glob("*/*/README.md")]:
        if ".venv" in page.parts or "value_personas" in page.relative_to(README.parent).parts:
            continue
        for link in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page}: {link}"


@pytest.mark.slow
def test_its_table_is_the_quickstart_s_own(tmp_path: Path) -> None:
    found = re.search(r"```\n(quickstart · .*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    done = subprocess.run(
        [sys.executable, "-m", "value_personas.experiments.cli", "run", "--workspace", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "80"},
    )
    printed = [line.strip() for line in done.stdout.splitlines()]
    table = [line.strip() for line in found[1].splitlines()]
    assert " ".join(" ".join(table).split()) in " ".join(" ".join(printed).split())
