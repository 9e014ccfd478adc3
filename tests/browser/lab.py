"""JupyterLab as an officer uses it: open, run everything, wait, save, read what stands there."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

from tests.browser.sockets import LOOPBACK, PeerWatch, read_calls, watch_calls
from tests.conftest import PARAMETERS

CHROMIUM = "chromium"
OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    # Whatever wants to leave this computer finds nobody, also where it does so behind the page.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
IDLE = ".jp-NotebookPanel-toolbar .jp-Notebook-ExecutionIndicator[data-status='idle']"
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
PROMPTS = f"{PANEL} .jp-CodeCell .jp-InputPrompt"
START, RUN = 60_000, 90
RUNNING = 1_000_000


@contextmanager
def open_browser(profile: Path) -> Iterator[BrowserContext]:
    """Open the system's Chromium with the screen of an office, and with no way out of the computer."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=shutil.which(CHROMIUM), headless=True, locale="ja-JP",
            viewport={"width": 1366, "height": 768}, args=list(OPTIONS),
        )  # fmt: skip
        yield context
        context.close()


class Lab:
    """One session of ``recruitlib review`` with its page."""

    def __init__(self, page: Page, project: Path, home: Path, parameters: str = PARAMETERS) -> None:
        self.page, self.project, self.home, self._parameters = page, project, home, parameters
        self.folder = project / "runs" / Path(parameters).stem
        self.hosts: set[str] = set()
        self._said: list[str] = []
        self._review: subprocess.Popen[str] | None = None
        self._calls = home.with_suffix(".calls")
        page.context.on("request", lambda request: self._note(request.url))
        page.on("websocket", lambda socket: self._note(socket.url))
        page.on("dialog", lambda dialog: dialog.accept())

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob"):
            self.hosts.add(parts.hostname or url)

    def open(self) -> None:
        """Start the command, open the notebook and wait until its kernel is there."""
        self._review = subprocess.Popen(
            [sys.executable, "-m", "recruitlib", "review", self._parameters, "--no-browser"],
            cwd=self.project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            encoding="utf-8", env={
                **os.environ, **watch_calls(self._calls), "HOME": str(self.home), "PYTHONUTF8": "1",
            },
        )  # fmt: skip
        self._watch = PeerWatch(self._review.pid)
        assert self._review.stdout is not None
        for line in self._review.stdout:
            self._said.append(line)
            if "Ctrl+C" in line:
                break
        address = re.search(r"http://127\.0\.0\.1:\S+", "".join(self._said))
        assert address, self._review.communicate()
        self.page.goto(address[0], wait_until="domcontentloaded")
        self.wait_idle()

    def close(self) -> tuple[int, str, str]:
        """Close the session with Ctrl+C, and give exit code, output and error output.

        Neither the page nor JupyterLab nor a kernel may have asked for another computer, and nothing
        may stand in the officer's own folder.
        """
        review, self._review = self._review, None
        if review is None:
            return 0, "", ""
        self.page.close()
        review.send_signal(signal.SIGINT)
        said, wrong = review.communicate(timeout=60)
        asked = (self.hosts, self._watch.stop(), read_calls(self._calls))
        assert asked == ({LOOPBACK},) * 3, asked
        # matplotlib lists the fonts of the machine there; JupyterLab and IPython keep nothing.
        left = {path.relative_to(self.home).parts[:2] for path in self.home.rglob("*")}
        assert {parts for parts in left if len(parts) > 1} <= {
            (".cache", "matplotlib"), (".config", "matplotlib"),
        }  # fmt: skip
        return review.returncode, "".join(self._said) + said, wrong

    def reload(self) -> None:
        """Load the page anew, as after a browser that was lost."""
        self.page.reload(wait_until="domcontentloaded")
        self.wait_idle()

    def wait_idle(self) -> None:
        """Wait until the kernel is there and does nothing."""
        kernel = self.page.locator(f"{PANEL} .jp-Toolbar-kernelName")
        expect(kernel).to_contain_text("Python 3", timeout=START)
        self.page.wait_for_selector(IDLE, timeout=START)

    def choose(self, menu: str, command: str) -> None:
        """Choose from a menu: commands are the same in every language, but menus are not."""
        dialogs = self.page.locator(".jp-Dialog").all_inner_texts()
        assert not dialogs, dialogs
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
        self.page.locator(f".lm-Menu-item[data-command='{command}']").click()

    def read_prompts(self) -> list[str]:
        """Read the number in front of each code cell."""
        return [text.strip() for text in self.page.locator(PROMPTS).all_inner_texts()]

    def run_all(self) -> None:
        """Run all cells and wait for the last; a first click that went nowhere is repeated once."""
        last = find_last(self.read_prompts())
        for _ in range(2):
            self.choose("実行", "runmenu:run-all")
            if wait_until(lambda: find_last(self.read_prompts()) > last, 5):
                break
        assert wait_until(lambda: find_last(self.read_prompts()) < RUNNING, RUN), "still running"
        self.wait_idle()

    def save(self) -> Path:
        """Save the notebook and wait until it is written."""
        path = max(self.folder.glob("live/*.ipynb"))
        before = path.stat().st_mtime_ns
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")
        # A file that is being written is empty for a moment.
        assert wait_until(
            lambda: path.stat().st_mtime_ns > before and path.read_bytes().rstrip().endswith(b"}"),
            20,
        ), "not saved"
        return path

    def list_wide(self) -> list[Any]:
        """List what would have to be scrolled sideways: the page, the notebook, outputs, panels."""
        return self.page.evaluate(
            """panel => [document.scrollingElement, ...document.querySelectorAll(
                `${panel} .jp-WindowedPanel-outer, ${panel} .jp-OutputArea-output,
                 ${panel} .jp-OutputArea-child, ${panel} .rl-panel, ${panel} .rl-panel .widget-html-content`)]
              .filter(one => one.scrollWidth > one.clientWidth + 1)
              .map(one => [one.className, one.scrollWidth, one.clientWidth, one.innerText.slice(0, 40)])""",
            PANEL,
        )

    def list_small(self) -> list[Any]:
        """List the texts of the notebook that are smaller than 12 points."""
        return self.page.evaluate(
            """panel => [...document.querySelectorAll(`${panel} .jp-Cell *`)]
              .filter(one => [...one.childNodes].some(
                 node => node.nodeType === Node.TEXT_NODE && node.textContent.trim())
                 && one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) < 16)
              .map(one => [one.className, getComputedStyle(one).fontSize, one.textContent.slice(0, 20)])""",
            PANEL,
        )

    def find(self, name: str) -> Locator:
        """Find what carries a class of the panels."""
        return self.page.locator(f"{PANEL} .rl-{name}")

    def expect_message(self, panel: str, text: str) -> None:
        """Expect an outcome or an error line of a panel."""
        expect(self.find(f"{panel} .rl-message")).to_contain_text(text, timeout=20_000)

    def sign_in(self, panel: str, staff_id: str) -> None:
        """Sign in with the passphrase of demonstrations."""
        self.find(f"{panel} .rl-staff-id input").fill(staff_id)
        self.find(f"{panel} .rl-passphrase input").fill("demo")
        self.find(f"{panel} .rl-sign-in").click()
        self.expect_message(panel, f"{staff_id} さんがサインインしました")

    def tick_all(self) -> None:
        """Tick every line of the approval."""
        boxes = self.find("approval").locator("[class*='rl-tick-'] input")
        for number in range(boxes.count()):
            boxes.nth(number).check()

    def choose_reason(self, words: str) -> None:
        """Choose a reason from the list by mouse."""
        select = self.find("case .rl-reason select")
        option = select.locator("option", has_text=words).first.get_attribute("value")
        select.select_option(value=option)

    def reach(self, name: str) -> None:
        """Reach a field by the tabulator key alone."""
        wanted = f"{PANEL} .rl-{name}"
        for _ in range(60):
            if self.page.evaluate("name => document.activeElement.matches(name)", wanted):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{name} is not reached by Tab")

    def pick_by_arrows(self, words: str) -> None:
        """Pick an entry of the list that has the focus by the arrow keys alone."""
        for _ in range(20):
            self.page.keyboard.press("ArrowDown")
            chosen = "document.activeElement.selectedOptions[0].textContent"
            if words in str(self.page.evaluate(chosen)):
                return
        raise AssertionError(f"{words} is not reached by the arrow keys")


def find_last(prompts: list[str]) -> int:
    """Find the highest number in front of a cell; one that waits or runs counts as the highest."""
    numbers = [int(found[0]) for text in prompts if (found := re.search(r"\d+", text))]
    return RUNNING if any("*" in text for text in prompts) else max(numbers, default=0)


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds; false when it does not in time."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
