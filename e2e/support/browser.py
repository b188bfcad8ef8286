"""A headless Chromium, driven by selenium, that connects only to the page that a test opens."""

from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from .program import skip_or_fail

# Debian's. With these paths selenium does not search for a browser or download one.
BROWSER, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
OPTIONS = [
    "--headless",
    # Its sandbox does not work in a container, and it only opens pages of this machine.
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
    """Starts a browser with its profile in `folder`; skips the test if no browser is installed."""
    if not (BROWSER.exists() and DRIVER.exists()):
        skip_or_fail(f"{BROWSER} or {DRIVER} is missing: install Debian's packages chromium and chromium-driver")
    options = ChromeOptions()
    options.binary_location = str(BROWSER)
    for option in [*OPTIONS, f"--user-data-dir={folder}"]:
        options.add_argument(option)
    return Chrome(options, Service(str(DRIVER)))
