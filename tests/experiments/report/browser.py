"""A real Chromium, headless, over its DevTools protocol."""

import asyncio
import base64
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

__all__ = ["Page", "find_chromium", "opened"]


def find_chromium() -> str | None:
    """The browser's command, None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


@dataclass(slots=True)
class Page:
    """An open page: commands go out, events come in."""

    socket: aiohttp.ClientWebSocketResponse
    events: list[dict[str, Any]] = field(default_factory=list)
    last: int = 0

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        self.last += 1
        await self.socket.send_json({"id": self.last, "method": method, "params": params})
        while True:
            told = await asyncio.wait_for(self.socket.receive_json(), 60)
            if told.get("id") == self.last:
                assert "error" not in told, told
                return dict(told["result"])
            self.events.append(told)

    async def evaluate(self, expression: str) -> Any:
        found = await self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def visit(self, url: str) -> None:
        """Open a page with every watcher on, and wait until it has loaded."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.send(f"{domain}.enable")
        await self.send("Page.navigate", url=url)
        while not self.seen("Page.loadEventFired"):
            self.events.append(await asyncio.wait_for(self.socket.receive_json(), 60))

    def seen(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") == method]

    async def screenshot(self, path: Path, width: int, dark: bool = False) -> None:
        """The whole page at a width, for a person to look at."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.send("Emulation.setEmulatedMedia", features=scheme)
        shape = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.send("Emulation.setDeviceMetricsOverride", **shape)
        shot = await self.send("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@asynccontextmanager
async def opened(profile: Path) -> AsyncIterator[Page]:
    """Start the browser with a profile of its own, and end it."""
    command = [find_chromium() or "chromium", "--headless", "--disable-gpu", "--remote-debugging-port=0"]
    command += [f"--user-data-dir={profile}", "--no-first-run", "--disable-dev-shm-usage", "about:blank"]
    if os.geteuid() == 0:
        command.insert(1, "--no-sandbox")  # Chromium refuses to run its sandbox as root
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = await _page_address(profile / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
            yield Page(socket)
    finally:
        browser.terminate()
        browser.wait(30)


async def _page_address(told: Path) -> str:
    for _ in range(600):
        if told.is_file() and len(lines := told.read_text().splitlines()) == 2:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{lines[0]}/json/list") as answer,
            ):
                pages = json.loads(await answer.text())
            return str(next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page"))
        await asyncio.sleep(0.1)
    raise TimeoutError("Chromium did not open its DevTools port")
