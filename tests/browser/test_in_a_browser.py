"""What a user sees of a notebook: every cell runs, and a drag of a slider changes the picture."""

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from on_page import drag
from PIL import Image
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

KERNEL_IS_IDLE = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  return panel?.context?.sessionContext.session?.kernel?.status === 'idle';
}"""
BUSY = """() => {
  const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  window.busy = true; // what the kernel says of itself may be about a comm
  const sleep = kernel.requestExecute({ code: "import time; time.sleep(8)" });
  sleep.done.then(() => { window.busy = false; });
}"""
ALL_CELLS_HAVE_RUN = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const cells = panel.content.widgets.map(w => w.model).filter(m => m.type === 'code');
  return cells.every(m => m.executionCount) && panel.context.sessionContext.session.kernel.status === 'idle';
}"""
ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .map(w => w.model).filter(m => m.type === 'code')
  .flatMap(m => m.toJSON().outputs).filter(o => o.output_type === 'error').map(o => o.evalue)"""


FIGURES = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .map(w => w.model).filter(m => m.type === 'code')
  .flatMap(m => m.toJSON().outputs).filter(o => o.data && 'image/png' in o.data)
  .map(o => 'application/vnd.jupyter.widget-view+json' in o.data)"""

# Described as soon as it has drawn a frame.
PICTURE = ".explorekit-picture canvas[aria-label]:visible"


@pytest.mark.parametrize("notebook", ["quickstart", "reaction_diffusion"])
def test_in_jupyterlab(page, lab, screenshots, notebook):
    run_all_cells(page, lab, notebook)

    assert page.evaluate(ERRORS) == []
    drag_changes_the_picture(page, screenshots / f"lab_{notebook}.png")
    a_step_is_shown_before_the_kernel_answers(page)
    pointing_tells_and_zooming_shows_a_part(page, screenshots / f"lab_{notebook}_zoomed.png")
    a_click_picks_and_arrows_move_what_is_picked(page)
    a_run_is_told_and_reproduced(page)
    a_tool_is_closed_by_a_key_and_by_its_own_button(page)
    keys_pressed_in_a_widget_are_no_commands_to_the_notebook(page)
    axe_finds_no_fault(page)
    cell = page.locator(".jp-CodeCell:has(.explorekit-explorer)")
    cell.screenshot(path=screenshots / f"lab_{notebook}_cell.png")


def test_points_of_a_design_in_jupyterlab(page, lab, notebooks, screenshots):
    notebook = notebooks / "designs.ipynb"
    cells = notebook.read_text()
    assert "settings.sample(64" in cells
    notebook.write_text(cells.replace("settings.sample(64", "settings.sample(4"))
    run_all_cells(page, lab, "designs")

    assert page.evaluate(ERRORS) == []
    # The design, the indices of a number, those of a curve, and the threshold.
    assert sorted(page.evaluate(FIGURES)) == [False] * 4 + [True] * 2  # of matplotlib, and of explorers
    drag_changes_the_picture(page, screenshots / "lab_designs.png")
    explorer = page.locator(".explorekit-explorer:visible").first
    picture = explorer.locator(PICTURE)
    before = pixels(picture)
    explorer.locator("select").nth(1).select_option("width")
    assert wait_for_change(picture, before) > 0.001
    explorer.screenshot(path=screenshots / "lab_designs_explorer.png")


def run_all_cells(page: Page, lab: Any, notebook: str) -> None:
    page.goto(f"{lab.url}/lab/tree/{notebook}.ipynb?token={lab.token}")
    page.wait_for_function(KERNEL_IS_IDLE)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.wait_for_function(ALL_CELLS_HAVE_RUN, timeout=300_000)


def test_in_voila(page, voila, screenshots):
    page.goto(f"{voila.url}/voila/render/quickstart.ipynb?token={voila.token}", timeout=300_000)
    page.wait_for_selector(".noUi-handle", timeout=300_000)

    assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    drag_changes_the_picture(page, screenshots / "voila_quickstart.png")


def drag_changes_the_picture(page: Page, screenshot: Path) -> None:
    """Drag the first slider of the explorer to the right, and compare before with after."""
    slider = page.locator(".widget-slider:has(.noUi-handle):visible").first
    picture = page.locator(PICTURE).first
    slider.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    picture_before = pixels(picture)
    value_before = slider.locator(".widget-readout").inner_text()

    drag(page, slider, to=0.7)
    page.screenshot(path=screenshot)

    expect(slider.locator(".widget-readout")).not_to_have_text(value_before, timeout=60_000)
    changed = wait_for_change(picture, picture_before)
    page.screenshot(path=screenshot)
    assert changed > 0.001


def a_step_is_shown_before_the_kernel_answers(page: Page) -> None:
    """Take a step, and another one while the kernel has something else to do."""
    handle = page.locator(".widget-slider:visible .noUi-handle").first
    picture = page.locator(PICTURE).first
    handle.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(1000)
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1000)
    before, words_before = pixels(picture), picture.get_attribute("aria-label")
    page.evaluate(BUSY)
    page.keyboard.press("ArrowRight")
    assert wait_for_change(picture, before) > 0.001
    assert picture.get_attribute("aria-label") != words_before
    foreseen = pixels(picture)
    assert page.evaluate("() => window.busy")
    page.wait_for_function("() => !window.busy")
    page.wait_for_timeout(1000)
    np.testing.assert_array_equal(pixels(picture), foreseen)


def pointing_tells_and_zooming_shows_a_part(page: Page, screenshot: Path) -> None:
    """Point at the picture, turn the wheel there, and click twice to see all of it again."""
    picture = page.locator(PICTURE).first
    picture.scroll_into_view_if_needed()
    whole = pixels(picture)
    box = picture.bounding_box()
    assert box
    middle = (box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.move(*middle)
    page.wait_for_selector(".explorekit-tip:has-text('=')")
    picture.screenshot(path=screenshot)
    page.mouse.wheel(0, -600)
    page.mouse.move(1, 1)
    page.wait_for_selector(".explorekit-tip", state="hidden")
    assert wait_for_change(picture, whole) > 0.01
    wait_for_numbers(picture)
    page.mouse.dblclick(*middle)
    page.mouse.move(1, 1)
    deadline = time.monotonic() + 60
    while not np.array_equal(pixels(picture), whole):
        assert time.monotonic() < deadline, "the picture never was as before"
        time.sleep(0.1)


def a_click_picks_and_arrows_move_what_is_picked(page: Page) -> None:
    """Click, press arrow keys, which JupyterLab would take for itself, and Escape."""
    picture = page.locator(PICTURE).first
    whole = pixels(picture)
    box = picture.bounding_box()
    assert box
    picture.click(position={"x": 0.4 * box["width"], "y": 0.4 * box["height"]})
    tip = page.locator(".explorekit-tip:visible")
    expect(tip).to_contain_text("=")
    here = tip.inner_text()
    page.keyboard.press("Shift+ArrowRight")
    expect(tip).not_to_have_text(here)
    page.keyboard.press("Escape")
    page.mouse.move(1, 1)
    picture.blur()
    deadline = time.monotonic() + 60
    while not np.array_equal(pixels(picture), whole):
        assert time.monotonic() < deadline, "the cross-hair stayed"
        time.sleep(0.1)


def a_run_is_told_and_reproduced(page: Page) -> None:
    explorer = page.locator(".explorekit-explorer:visible").first
    explorer.locator(".explorekit-tools button").filter(has_text="Run").first.click()
    inspector = explorer.locator(".explorekit-inspector")
    expect(inspector.get_by_role("row", name="duration")).to_be_visible()
    inspector.locator("button").filter(has_text="Reproduce").click()
    expect(inspector.get_by_text("The same numbers.")).to_be_visible(timeout=60_000)


def a_tool_is_closed_by_a_key_and_by_its_own_button(page: Page) -> None:
    """Open a tool, leave it by Escape and by its button: either leads back to the button that opened it."""
    explorer = page.locator(".explorekit-explorer:visible").first
    button = explorer.locator(".explorekit-tools button").filter(has_text="Scale").first
    frame = explorer.get_by_role("group", name="Scale")
    for leave in ("key", "button"):
        button.click()
        expect(button).to_have_attribute("aria-expanded", "true")
        expect(explorer.locator(f"#{button.get_attribute('aria-controls')}")).to_have_count(1)
        if leave == "key":
            frame.locator("select").first.focus()
            page.keyboard.press("Escape")
        else:
            frame.get_by_role("button", name="Close Scale").click()
        expect(frame).to_have_count(0)
        expect(button).to_be_focused()
        expect(button).to_have_attribute("aria-expanded", "false")


def wait_for_numbers(picture: Locator) -> None:
    """Wait until the axes are those of what is shown: before, their numbers are faded."""
    deadline = time.monotonic() + 60
    while (shown := pixels(picture))[:, : shown.shape[1] // 13].min() > 100:
        assert time.monotonic() < deadline, "the axes never were drawn anew"
        time.sleep(0.1)


def keys_pressed_in_a_widget_are_no_commands_to_the_notebook(page: Page) -> None:
    """Press letters and arrows, which outside would insert a cell and go to another one."""
    notebook = """() => {
      const notebook = window.jupyterapp.shell.currentWidget.content;
      return [notebook.widgets.length, notebook.activeCellIndex];
    }"""
    explorer = page.locator(".explorekit-explorer:visible").first
    explorer.locator("select").first.focus()
    before = page.evaluate(notebook)
    for control in ("select", ".noUi-handle", "canvas"):
        explorer.locator(control).first.focus()
        page.keyboard.press("b")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowDown")
    assert page.evaluate(notebook) == before


def axe_finds_no_fault(page: Page) -> None:
    """Look at every explorer, all its tools open, and at every panel with axe-core, in light and dark."""
    tools = page.locator(".explorekit-tools:visible").first
    for tool in tools.locator("> div:first-child > .widget-toggle-button:not(.mod-active)").all()[::-1]:
        tool.click()
    buttons = tools.locator("> div:first-child > .widget-toggle-button").count()
    expect(tools.locator("> .explorekit-opened")).to_have_count(buttons)
    expect(page.locator(".explorekit-explorer .noUi-handle[aria-label]").first).to_be_visible()
    for theme in ("Dark", "Light"):
        set_theme = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
        page.evaluate(set_theme, f"JupyterLab {theme}")
        page.wait_for_selector(f"body[data-jp-theme-name='JupyterLab {theme}']", state="attached")
        assert faults(page) == [], theme


def faults(page: Page) -> list[tuple[str, str, str]]:
    widgets = [[".explorekit-explorer"], [".explorekit-panel"]]
    found = Axe().run(page, {"include": [w for w in widgets if page.locator(w[0]).count()]})
    return [
        (violation["impact"], violation["help"], node["html"])
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def pixels(picture: Locator) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("RGB"), dtype=int)


def wait_for_change(picture: Locator, before: np.ndarray) -> float:
    """Share of the pixels that differ, as soon as some do, or after a minute."""
    deadline = time.monotonic() + 60
    while True:
        after = pixels(picture)
        changed = 1.0 if after.shape != before.shape else float((abs(after - before) > 24).any(axis=2).mean())
        if changed > 0.001 or time.monotonic() > deadline:
            return changed
        time.sleep(0.1)
