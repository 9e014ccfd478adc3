"""A real JupyterLab, started as an officer starts it, and a real Chromium in front of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.lab import CHROMIUM, Lab, open_browser


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Remember the first chapter of a story that failed."""
    if call.excinfo is not None:
        vars(item.parent).setdefault("stopped_at", item.name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail at once what comes after a chapter that failed: it would wait for what never comes."""
    if stopped_at := vars(item.parent).get("stopped_at"):
        pytest.fail(f"the story ended in {stopped_at}", pytrace=False)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Open Chromium; a machine without it fails, since nothing else shows what an officer sees."""
    if shutil.which(CHROMIUM) is None:
        pytest.fail("Chromium is missing: apt-get install chromium fonts-noto-cjk (see make test).")
    with open_browser(tmp_path_factory.mktemp("profile")) as context:
        yield context


@pytest.fixture(scope="module")
def open_lab(
    browser: BrowserContext, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Path], Lab]]:
    """Open the review of a project as an officer does; what a test leaves open is closed."""
    opened: list[Lab] = []

    def start(project: Path) -> Lab:
        lab = Lab(browser.new_page(), project, tmp_path_factory.mktemp("home"))
        opened.append(lab)
        lab.open()
        return lab

    yield start
    for lab in opened:
        lab.close()
