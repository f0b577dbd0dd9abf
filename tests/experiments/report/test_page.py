"""The page in a real browser: silent on the console, nothing fetched, no script run but its own."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.experiments.report.browser import Page, find_chromium, opened
from tests.experiments.report.runs import MARK, plant
from value_personas import RunResult
from value_personas.experiments.report import read_material, write_report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed"),
]

_BARS = """[...document.querySelectorAll('#cell-bars li')].map((item) => [
    item.firstChild.textContent, ...[...item.querySelectorAll('b')].map((b) => b.textContent)].join('\\n'))"""


_HIDDEN = """(() => {
    document.querySelectorAll("details").forEach((part) => (part.open = true));
    return [...document.querySelectorAll(".scroll, .sheet")]
        .filter((node) => node.scrollWidth > node.clientWidth)
        .map((node) => node.querySelector("table, svg").getAttribute("aria-label"));
})()"""


def _choose(country: str, question: str) -> str:
    return f"""(() => {{
        const country = document.getElementById("choose-country");
        const question = document.getElementById("choose-question");
        country.value = "{country}"; question.value = "{question}";
        question.dispatchEvent(new Event("change"));
        return {_BARS};
    }})()"""


@pytest.fixture(scope="module")
def planted(finished: RunResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run whose every label carries a script."""
    place = tmp_path_factory.mktemp("planted")
    shutil.copytree(finished.folder, place / "run")
    plant(place / "run")
    return write_report(read_material(place / "run", place), place / "out").page


async def _look(page: Page, address: str) -> dict[str, Any]:
    await page.visit(address)
    found = {"first": await page.evaluate(_BARS)}
    found["chosen"] = await page.evaluate(_choose("XNB", "Q29"))
    found["names"] = await page.evaluate("document.querySelector('#choose-country').selectedOptions[0].text")
    found["marked"] = await page.evaluate("document.body.innerText")
    found["scripts"] = await page.evaluate("document.scripts.length")
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    await page.send("Emulation.setDeviceMetricsOverride", **phone)
    found["width"] = await page.evaluate("document.documentElement.scrollWidth")
    desk = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    await page.send("Emulation.setDeviceMetricsOverride", **desk)
    found["at_a_desk"] = await page.evaluate("document.documentElement.scrollWidth")
    found["hidden"] = await page.evaluate(_HIDDEN)
    printed = {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    await page.send("Emulation.setEmulatedMedia", **printed)
    found["paper"] = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    found["in_print"] = await page.evaluate("getComputedStyle(document.querySelector('#chooser')).display")
    return found


def test_the_page_in_chromium(planted: Path, finished: RunResult, tmp_path: Path) -> None:
    async def visit() -> tuple[dict[str, Any], Page]:
        async with opened(tmp_path / "profile") as page:
            return await _look(page, planted.as_uri()), page

    found, page = asyncio.run(visit())
    assert page.seen("Log.entryAdded") == []
    assert page.seen("Runtime.exceptionThrown") == []
    assert page.seen("Runtime.consoleAPICalled") == []
    assert page.seen("Page.javascriptDialogOpening") == []
    asked = [event["request"]["url"] for event in page.seen("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith("data:")] == [planted.as_uri()]
    assert found["scripts"] == 2
    assert MARK in found["marked"]

    rows = finished.estimates.query("method == 'values-hedged' and country == 'XNB' and question == 'Q29'")
    assert found["names"] == f"Elmen{MARK}"
    assert found["first"]
    assert len(found["chosen"]) == len(rows)
    for text, row in zip(found["chosen"], rows.to_dict("records"), strict=True):
        option, people, predicted = text.split("\n")[:3]
        assert option == f"{row['option']}{MARK}"
        assert float(people.removesuffix(" %")) == pytest.approx(100 * row["human"], abs=0.0501)
        assert float(predicted.removesuffix(" %")) == pytest.approx(100 * row["predicted"], abs=0.0501)

    assert found["width"] <= 390  # nothing but figures and tables scrolls sideways
    assert found["at_a_desk"] <= 1280
    assert found["hidden"] == []  # and none of these on a desk: no last column is behind a scroll
    assert found["paper"] == "rgb(255, 255, 255)"
    assert found["in_print"] == "none"
