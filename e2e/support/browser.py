"""A headless Chromium, driven by selenium, that speaks with nobody but the page it is asked for."""

from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from .program import leave_out

# Debian's. Named, so that selenium looks for none and downloads none.
BROWSER, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
OPTIONS = [
    "--headless",
    # In a container there is no sandbox for it, and it only sees pages of this machine.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1400,1400",
]


def browser(folder):
    """Starts a browser that keeps what it keeps in `folder`; skips the test where there is none."""
    if not (BROWSER.exists() and DRIVER.exists()):
        leave_out(f"there is no {BROWSER} with {DRIVER}: Debian's packages chromium and chromium-driver have them")
    options = ChromeOptions()
    options.binary_location = str(BROWSER)
    for option in [*OPTIONS, f"--user-data-dir={folder}"]:
        options.add_argument(option)
    return Chrome(options, Service(str(DRIVER)))
