"""A study that is served without a notebook, and the page that is saved from there, without a server."""

import signal
from pathlib import Path

import numpy as np
import pytest
from batches import study_with
from playwright.sync_api import Page, expect
from served import served

import explorekit as ek

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PICTURE = ".explorekit-picture canvas[aria-label]"


def test_an_app_and_the_page_that_is_saved_from_it(page: Page, tmp_path: Path, screenshots: Path) -> None:
    space = ek.Space(I=np.linspace(0, 1, 11), tau=[5.0, 7.5, 10.0], sort=["a", "<b>"])
    study = ek.open(study_with(tmp_path / "study", space, {p: {"rate": float(p)} for p in range(66)}).path)
    study.views["onset"] = study.explore("rate", x="I", tau=7.5, sort={"position": 1}).state
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with served("--view", "onset", "study", scratch=scratch, folder=tmp_path) as server:
        try:
            assert server.stdout
            page.goto(server.stdout.readline().split()[-1])
            expect(page.locator(PICTURE)).to_have_attribute(
                "aria-label", "rate over I at tau = 7.5, sort = <b>"
            )
            page.locator(".explorekit-tools button:has-text('Save')").click()
            save = page.locator(".explorekit-save")
            save.locator("select").first.select_option("page with sliders (HTML)")
            save.locator("button:has-text('Save')").click()
            with page.expect_download() as download:
                save.locator("a[download='rate.html']").click()
            page.screenshot(path=screenshots / "app.png")
            page.locator(".explorekit-tools button:has-text('Code')").click()
            expect(page.locator(".explorekit-code pre")).to_contain_text(".sel(tau=7.5, sort='<b>')")
            page.goto("about:blank")  # leaving it asks the server for something
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(60)
    assert server.returncode == 0
    assert list(scratch.iterdir()) == []
    assert download.value.path().read_bytes() == (tmp_path / "rate.html").read_bytes()

    wanted: list[str] = []
    page.on("request", lambda request: wanted.append(request.url))
    page.goto((tmp_path / "rate.html").as_uri())
    picture = page.locator(PICTURE)
    expect(picture).to_have_attribute("aria-label", "rate over I at tau = 7.5, sort = <b>")
    before = picture.screenshot()
    page.get_by_label("tau", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.get_by_label("sort", exact=True).select_option("a")
    expect(picture).to_have_attribute("aria-label", "rate over I at tau = 10, sort = a")
    page.screenshot(path=screenshots / "page.png")
    assert picture.screenshot() != before
    assert page.locator("output:visible").inner_text() == "10"
    assert len(wanted) == 1
