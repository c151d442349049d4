"""Draws the screens of the admin UI into docs/images: light and dark, on a desktop and a phone, over the demo clinic.

`make screenshots` runs it. It needs Chromium. The screens are those of the navigation and the tabs of one group, so a
new screen is drawn without a change here.
"""

import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
IMAGES: Final = ROOT / "docs" / "images"
SIZES: Final = {"desktop": (1280, 800, 1.0), "phone": (390, 844, 1.5)}
GROUP: Final = "Day Program"
_QUALITY: Final = 75


def main() -> int:
    """Draw all screens. Return the exit status."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("docs/screenshots.py: there is no Chromium on this machine", file=sys.stderr)
        return 1
    shutil.rmtree(IMAGES, ignore_errors=True)
    IMAGES.mkdir()
    with tempfile.TemporaryDirectory() as folder, _demo(Path(folder)) as link, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for size in SIZES:
            for scheme in ("light", "dark"):
                for name, page in _screens(browser, link, size, scheme):
                    _draw(page, IMAGES / f"{name}-{size}-{scheme}.webp")
        browser.close()
    return 0


@contextmanager
def _demo(folder: Path) -> Iterator[str]:
    """Serve the demo clinic from a new database, and yield the administrator's sign-in link."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AUTH_")}
    command = [sys.executable, "-m", "server", "serve", "--demo", "--port", "0"]
    environment = {**variables, "DATABASE_URL": f"sqlite:///{folder / 'demo.db'}", "LOG_LEVEL": "WARNING"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield next(link[0] for line in server.stdout if (link := re.search(r"http://\S+#token=\S+", line)))
        finally:
            server.terminate()


def _screens(browser: Browser, link: str, size: str, scheme: str) -> Iterator[tuple[str, Page]]:
    """Yield each screen with its name, while it is shown."""
    width, height, scale = SIZES[size]
    page = browser.new_page(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        timezone_id="America/Phoenix",  # the demo clinic's
    )
    page.goto(link)
    navigation = page.get_by_label("Screens").get_by_role("link")
    expect(navigation.first).to_be_attached()
    for screen in navigation.all():
        path = screen.get_attribute("href")
        _go(page, link, path or "/")
        yield _slug(screen.text_content()), page
    _go(page, link, "/groups")
    page.get_by_role("row", name=re.compile(f"^{GROUP}")).get_by_role("link").first.click()
    tabs = page.get_by_role("tab")
    expect(tabs.first).to_be_visible()
    for number in range(tabs.count()):
        tabs.nth(number).click()
        yield f"group-{_slug(tabs.nth(number).text_content())}", page
    tabs.first.click()
    page.get_by_role("button", name=re.compile("^Enroll")).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "enroll", page
    _go(page, link, "/groups/new")
    yield "group-form", page
    page.close()


def _go(page: Page, link: str, path: str) -> None:
    """Open a screen. Each visit signs in, because a reload forgets the token."""
    address, _, token = link.partition("/#")
    page.goto("about:blank")
    page.goto(f"{address}{path}#{token}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def _slug(label: str | None) -> str:
    return re.sub(r"[^a-z]+", "-", (label or "").lower()).strip("-")


def _draw(page: Page, file: Path) -> None:
    """Write what the window shows as WebP, which Playwright itself does not write."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_label("Loading", exact=True)).to_have_count(0)
    page.wait_for_timeout(400)  # charts draw themselves after their data has come
    session = page.context.new_cdp_session(page)
    image = session.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
    file.write_bytes(base64.b64decode(image["data"]))


if __name__ == "__main__":
    sys.exit(main())
