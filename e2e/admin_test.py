"""Django's admin shows a user who has just signed up."""

import pytest
from selenium.webdriver.common.by import By

from support.browser import browser
from support.program import ROOT

SCREENSHOT = ROOT / "target/e2e/admin.png"
PASSWORD = "of-the-superuser"


@pytest.fixture
def chromium(tmp_path):
    """The browser."""
    chromium = browser(tmp_path)
    yield chromium
    chromium.quit()


def test_a_new_user_is_shown_in_the_admin(stack, chromium, proved):
    user = {"email": "zoe@example.com", "given_name": "Zoë", "phone_number": "+12025550107", "custom_plan": "gold"}
    pool = stack.cognito.new_pool()
    sub = pool.sign_up("zoe", **user)
    pool.confirm("zoe")
    stack.django.manage(
        "createsuperuser", "--noinput", "--username=root", "--email=", DJANGO_SUPERUSER_PASSWORD=PASSWORD
    )

    address = f"{stack.django.url}admin/users/cognitouser/"
    chromium.get(address)
    assert sub not in chromium.page_source
    chromium.find_element(By.NAME, "username").send_keys("root")
    chromium.find_element(By.NAME, "password").send_keys(PASSWORD)
    chromium.find_element(By.CSS_SELECTOR, "input[type=submit]").click()
    assert chromium.current_url == address
    proved("a visitor who is not logged in sees nothing, and a superuser can log in")

    chromium.get(f"{address}?q={sub}")
    [row] = chromium.find_elements(By.CSS_SELECTOR, "#result_list tbody tr")
    for value in ("zoe", sub, user["email"], user["phone_number"], pool.id):
        assert value in row.text
    proved("a search for the user's `sub` lists the user who signed up through Cognito")

    row.find_element(By.TAG_NAME, "a").click()
    shown = {
        field.find_element(By.TAG_NAME, "label").text: field.find_element(By.CLASS_NAME, "readonly").text
        for field in chromium.find_elements(By.CSS_SELECTOR, ".form-row .flex-container")
    }
    assert (shown["Sub:"], shown["Email:"], shown["Given name:"]) == (sub, user["email"], "Zoë")
    assert (shown["Event id:"], shown["Custom:"]) == (stack.function.ends()[0]["eventId"], '{"plan": "gold"}')
    assert not chromium.find_elements(By.NAME, "_save")
    assert chromium.find_element(By.ID, "header").value_of_css_property("background-color") != "rgba(0, 0, 0, 0)"
    SCREENSHOT.parent.mkdir(parents=True, exist_ok=True)
    assert chromium.save_screenshot(str(SCREENSHOT))
    proved(
        f"the user's page shows every attribute, with its styles, and offers no change: {SCREENSHOT.relative_to(ROOT)}"
    )
