"""One walk over every control of the explorer and the panel, by a real mouse and real keys, whatever the server."""

import io
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from on_page import canvas_of, choose, column, drag, frames, is_drawn, pixels, press, rates, shows
from PIL import Image
from playwright.sync_api import Locator, Page, Position, expect
from walked_over import LAST

# Milliseconds between choices in one menu: nobody makes them faster.
PACE = 250


class Walk:
    """What is walked over: the explorers and panels of a notebook, once they are shown.

    Parameters
    ----------
    page
        The page that shows them.
    folder
        Where the notebook lies.
    smoke
        Whether to save in one format rather than in each, and to leave out what differs in what is drawn alone.
    """

    def __init__(self, page: Page, folder: Path, *, smoke: bool = False) -> None:
        self.page, self.folder, self.smoke = page, folder, smoke
        self.explorer = page.locator(".walked-explorer")

    def all(self) -> None:
        """Walk all of the way."""
        steps: tuple[Callable[[], None], ...] = (
            self.stop,
            self.menus,
            self.sliders,
            self.roles,
            self.scale,
            self.picture,
            self.inspector,
            self.pin,
            self.bookmarks,
            self.save,
            self.code,
            self.keys,
            self.escape,
            *(() if self.smoke else (self.kinds, self.raster, self.bands, self.design)),
            self.beside,
            self.linked,
            self.comparison,
            self.interact,
            self.panel,
        )
        for step in steps:
            try:
                step()
            except BaseException as error:
                error.add_note(f"at the step {step.__name__!r} of the walk")
                raise

    def stop(self) -> None:
        panel = self.page.locator(LAST)
        panel.get_by_role("button", name="Stop").click()
        expect(panel.locator(".explorekit-head")).to_contain_text("stopped")

    def menus(self) -> None:
        menus = self.explorer.locator("> .widget-hbox").first
        for menu, choice, shown in (
            ("variable", "V", "V over I at tau = 5, sort = a, time = 0"),
            ("x", "time", "V over time at I = 0, tau = 5, sort = a"),
            ("variable", "field", "field over x and y at I = 0, tau = 5, sort = a"),
            ("x", "y", "field over y and x at I = 0, tau = 5, sort = a"),
            ("y", "—", "field over y at I = 0, tau = 5, sort = a, x = 0"),
            ("kind", "number", "field 0 at I = 0, tau = 5, sort = a, y = 0, x = 0"),
            ("x", "y", "field over y at I = 0, tau = 5, sort = a, x = 0"),
        ):
            choose(menus, menu, choice)
            self.shows(shown)

    def sliders(self) -> None:
        self.type_in("x", "7")
        self.shows("field over y at I = 0, tau = 5, sort = a, x = 7")
        choose(self.explorer.locator("> .widget-hbox").first, "variable", "V")
        for key, value in (
            ("End", "1"),
            ("ArrowLeft", "0.75"),
            ("Home", "0"),
            ("PageUp", "1"),
            ("Home", "0"),
        ):
            self.explorer.locator(".noUi-handle[aria-label='I']").press(key)
            self.shows(re.compile(f"^V over time at I = {value}, tau = 5, sort = a"))
        self.type_in("I", "0.9")
        self.shows("V over time at I = 1, tau = 5, sort = a")
        expect(self.explorer.get_by_text("I = 0.9 is not on the grid: showing the nearest")).to_be_visible()
        self.type_in("I", "0")
        drag(self.page, self.explorer.locator(".widget-slider:has([aria-label='tau'])"), to=0.5)
        self.shows("V over time at I = 0, tau = 7.5, sort = a")
        choose(self.explorer, "sort", "<b>")
        self.shows("V over time at I = 0, tau = 7.5, sort = <b>")

    def roles(self) -> None:
        with self.tool("Roles") as tool:
            for dim, role, shown in (
                ("I", "colours of lines", "V over time at tau = 7.5, sort = <b>"),
                ("tau", "rows of pictures", "V over time at sort = <b>"),
                ("sort", "columns of pictures", "V over time"),
                ("tau", "one value, played", "V over time at tau = 7.5"),
                ("sort", "one value, on a slider", "V over time at tau = 7.5, sort = <b>"),
                ("I", "mean of all", "mean of V over time at tau = 7.5, sort = <b>, mean over I"),
                ("I", "one value, on a slider", "V over time at I = 0, tau = 7.5, sort = <b>"),
            ):
                choose(tool, dim, role)
                self.shows(shown)
        play = self.explorer.locator(".explorekit-player button")
        play.nth(2).click()  # and again from the start
        play.nth(0).click()
        canvas = canvas_of(self.explorer).element_handle()
        for value in (10, 5):
            passed = "([canvas, words]) => canvas.getAttribute('aria-label').includes(words)"
            self.page.wait_for_function(passed, arg=[canvas, f"tau = {value},"])
        play.nth(1).click()
        self.shows(re.compile("tau = 5,"))

    def scale(self) -> None:
        menus = self.explorer.locator("> .widget-hbox").first
        for menu, choice in (("variable", "rate"), ("x", "I"), ("y", "tau")):
            choose(menus, menu, choice)
        self.shows("rate over I and tau at sort = <b>")
        with self.tool("Scale") as tool:
            for menu, choice in (
                ("values", "logarithmic"),
                ("along y", "logarithmic"),
                ("colours", "cividis"),
            ):
                with self.another_picture():
                    choose(tool, menu, choice)
            choose(tool, "limits", "of each picture")
            choose(tool, "limits", "as typed")
            with self.another_picture():
                tool.get_by_label("to", exact=True).fill("100")
                self.page.keyboard.press("Enter")
            for choice, shown in (("minus", "rate − base"), ("divided by", "rate / base"), ("alone", "rate")):
                choose(tool, "shown", choice)
                self.shows(f"{shown} over I and tau at sort = <b>")
            press(tool, "Swap x and y")
            self.shows("rate over tau and I at sort = <b>")
            with self.another_picture():
                choose(tool, "along x", "linear")
            for menu in ("values", "along x", "colours", "limits"):
                tool.get_by_label(menu, exact=True).select_option(index=0)
            press(tool, "Swap x and y")
            self.shows("rate over I and tau at sort = <b>")

    def picture(self) -> None:
        canvas, tip = canvas_of(self.explorer), self.explorer.locator(".explorekit-tip:visible")
        place = self.at(0.3, 0.5)
        canvas.hover(position=place)
        expect(tip).to_contain_text("tau = 7.5\nI = 0.25")
        with self.another_picture():
            canvas.click(position=place)
        for key, words in (("ArrowRight", "tau = 7.5\nI = 0.5"), ("Shift+ArrowUp", "tau = 10\nI = 0.5")):
            self.page.keyboard.press(key)
            expect(tip).to_contain_text(words)
        with self.another_picture():
            self.page.keyboard.press("Escape")
        whole = pixels(canvas)
        for key in ("+", "0", "=", "-"):
            with self.another_picture():
                self.page.keyboard.press(key)
        self.comes_back_to(whole)
        with self.another_picture():
            self.page.mouse.wheel(0, -300)
        with self.another_picture():
            self.page.mouse.down()
            canvas.hover(position=self.at(0.6, 0.6))
            self.page.mouse.up()
        canvas.dblclick(position=place)
        self.page.mouse.move(1, 1)
        self.comes_back_to(whole)

    def inspector(self) -> None:
        """Come from the first failure to the last, run one again, and those that are pending."""
        with self.tool("Run") as tool:
            press(tool, "Next failure")
            expect(tool.get_by_text("ValueError: too strong for a", exact=True)).to_be_visible()
            expect(tool.get_by_role("row", name="tau")).to_contain_text("5")
            (self.folder / "mended").touch()
            press(tool, "Run again")
            status = tool.get_by_role("row", name="status")
            expect(status).to_contain_text("ok")
            press(tool, "Reproduce")
            expect(tool.get_by_text("The same numbers.")).to_be_visible()
            press(tool, "Copy as code")
            expect(tool.get_by_text("copied")).to_be_visible()
            canvas_of(self.explorer).press("ArrowUp")
            canvas_of(self.explorer).press("ArrowUp")
            expect(status).to_contain_text("pending")
            press(tool, "Run this")
            expect(status).to_contain_text("ok")
            press(tool, "Run as I move")
            canvas_of(self.explorer).press("ArrowRight")
            expect(tool.get_by_role("row", name="I 1", exact=True)).to_be_visible()
            expect(status).to_contain_text("ok")
            press(tool, "Run as I move")
        canvas_of(self.explorer).press("Escape")

    def pin(self) -> None:
        choose(self.explorer.locator("> .widget-hbox").first, "y", "—")
        self.shows("rate over I at tau = 10, sort = a")
        with self.tool("Pin") as tool:
            self.explorer.locator(".noUi-handle[aria-label='tau']").press("Home")
            self.shows("rate over I at tau = 5, sort = a")
            expect(self.explorer.get_by_text("pinned: tau = 10, sort = a")).to_be_visible()
            for way in ("difference", "relative difference"):
                press(tool, way)
                self.shows(re.compile(f"^{way} of rate"))
            press(tool, "Pin this")
            expect(self.explorer.get_by_text("pinned: tau = 5, sort = a")).to_be_visible()
            press(tool, "Let go")
            self.shows("rate over I at tau = 5, sort = a")

    def bookmarks(self) -> None:
        with self.tool("Bookmarks") as tool:
            tool.get_by_label("mark as").fill("here")
            press(tool, "Mark")
            expect(tool.get_by_text("here is marked.")).to_be_visible()
            choose(self.explorer, "sort", "<b>")
            self.shows("rate over I at tau = 5, sort = <b>")
            press(tool, "Go")
            self.shows("rate over I at tau = 5, sort = a")
            press(tool, "Delete")
            expect(tool.get_by_text("here is deleted.")).to_be_visible()

    def save(self) -> None:
        """Write each format there is, and see what is in the file."""
        shown = [1.0, 2.25, 3.5, 4.75, 6.0]
        formats: tuple[tuple[str, str, Callable[[bytes], bool]], ...] = (
            ("figure (PNG)", "png", lambda file: is_drawn(Image.open(io.BytesIO(file)))),
            ("figure (SVG)", "svg", lambda file: b"<svg" in file and file.count(b"<path") > 10),
            ("figure (PDF)", "pdf", lambda file: file.startswith(b"%PDF") and b"%%EOF" in file[-9:]),
            ("numbers (netCDF)", "nc", lambda _: rates(self.folder / "rate.nc") == shown),
            ("numbers (CSV)", "csv", lambda file: column(file, "rate") == shown),
            ("animation (GIF)", "gif", lambda file: frames(file) == 3),
            ("animation (MP4)", "mp4", lambda file: b"ftyp" in file[:12]),
            ("page with sliders (HTML)", "html", lambda _: True),
        )
        with self.tool("Save") as tool:
            for what, ending, holds in formats[: 1 if self.smoke else None]:
                choose(tool, "what", what)
                name = f"rate.{ending}"
                expect(tool.get_by_label("file")).to_have_value(name)
                if ending in ("gif", "mp4"):
                    choose(tool, "along", "tau")
                elif ending == "html":
                    tool.get_by_label("sliders").select_option(["tau"])
                press(tool, "Save")
                if ending == "mp4" and shutil.which("ffmpeg") is None:
                    expect(tool.get_by_text("an MP4 is made by ffmpeg")).to_be_visible()
                    continue
                expect(tool.get_by_text(f"{name} (")).to_be_visible()
                with self.page.expect_download() as download:
                    tool.get_by_role("link", name="download").click()
                file = download.value.path().read_bytes()
                assert file == (self.folder / name).read_bytes()
                assert holds(file), f"{name} holds something else"
        if not self.smoke:
            self.saved_page()

    def saved_page(self) -> None:
        """Look at the page that was saved: it has the one slider that was chosen, which moves the curve."""
        context = self.page.context.browser.new_context(offline=True)  # type: ignore[union-attr]
        page = context.new_page()
        page.goto((self.folder / "rate.html").as_uri())
        slider = page.locator("input[type=range]")
        expect(slider).to_have_count(1)
        expect(page.locator("canvas").first).to_have_attribute("aria-label", re.compile("tau = 5"))
        before = pixels(page.locator("canvas").first)
        slider.press("End")
        expect(page.locator("canvas").first).to_have_attribute("aria-label", re.compile("tau = 10"))
        assert pixels(page.locator("canvas").first) != before
        context.close()

    def code(self) -> None:
        with self.tool("Code") as tool:
            expect(tool.locator("pre")).to_contain_text(".sel(tau=5.0, sort='a')")
            press(tool, "Copy")
            expect(tool.get_by_text("copied")).to_be_visible()

    def keys(self) -> None:
        with self.tool("Keys") as tool:
            expect(tool.get_by_text("pick nothing")).to_be_visible()

    def escape(self) -> None:
        """Close a tool by Escape, from within it and from its button."""
        button = self.explorer.locator(".explorekit-tool-buttons button", has_text="Scale")
        opened = self.explorer.locator(".explorekit-opened")
        button.click()
        opened.get_by_label("colours", exact=True).press("Escape")
        expect(opened).to_have_count(0)
        expect(button).to_be_focused()
        button.press("Enter")
        expect(opened).to_have_count(1)
        button.press("Escape")
        expect(opened).to_have_count(0)

    def kinds(self) -> None:
        """Draw a field in each kind that it can have, from the menu."""
        menus = self.explorer.locator("> .widget-hbox").first
        choose(menus, "variable", "field")
        self.shows(re.compile("^field"))
        for kind in ("image", "contour", "histogram"):
            self.draw_as(kind)
        choose(menus, "variable", "rate")
        self.shows(re.compile("rate"))
        choose(menus, "x", "sort")
        self.shows(re.compile("rate over sort"))
        self.draw_as("line")
        self.draw_as("bar")

    def raster(self) -> None:
        menus = self.explorer.locator("> .widget-hbox").first
        choose(menus, "variable", "spikes")
        self.shows(re.compile("^spikes"))
        self.draw_as("raster")
        canvas_of(self.explorer).click(position=self.at(0.4, 0.5))
        canvas_of(self.explorer).press("Escape")

    def bands(self) -> None:
        """Draw a line with a band over repetitions, then quantiles of them, then a band round each of several lines."""
        self.explorer = self.page.locator(".walked-tries")
        with self.tool("Roles") as tool:
            for role, words in (
                ("mean ± std of all", "mean ± std of loss over step"),
                ("median, 5–95 % of all", "median, 5–95 % of loss over step"),
                ("quantile 0.95 of all", "quantile 0.95 of loss over step"),
            ):
                with self.another_picture():
                    choose(tool, "repetition", role)
                self.shows(re.compile(words))
            for dim, role in (("optimizer", "colours of lines"), ("repetition", "mean ± std of all")):
                with self.another_picture():
                    choose(tool, dim, role)
                self.page.wait_for_timeout(PACE)
        self.explorer = self.page.locator(".walked-explorer")

    def design(self) -> None:
        self.explorer = self.page.locator(".walked-design")
        for kind in ("pairs", "parallel", "histogram", "line"):
            self.draw_as(kind)
        self.explorer = self.page.locator(".walked-explorer")

    def beside(self) -> None:
        summary, detail = self.page.locator(".walked-beside .explorekit-explorer").all()
        shows(detail, "V over time at I = 0.5, tau = 7.5, sort = a")
        canvas_of(summary).press("ArrowRight")
        shows(detail, re.compile("^V over time at I = 0.75, tau = 7.5, sort = a"))

    def linked(self) -> None:
        one, other = self.page.locator(".walked-one"), self.page.locator(".walked-other")
        choose(one, "sort", "<b>")
        shows(other, "rate over I at tau = 5, sort = <b>")
        unlink = self.page.locator(".walked-unlink")
        unlink.get_by_role("button").click()
        expect(unlink.get_by_text("unlinked")).to_be_visible()
        choose(one, "sort", "a")
        shows(one, re.compile("sort = a"))
        shows(other, "rate over I at tau = 5, sort = <b>")

    def comparison(self) -> None:
        comparison = self.page.locator(".walked-comparison")
        a, b, difference = comparison.locator(".explorekit-explorer").all()
        shows(a, "rate over I at tau = 5")
        comparison.locator(".noUi-handle[aria-label='tau']").press("ArrowRight")
        for explorer in (a, b):
            shows(explorer, "rate over I at tau = 7.5")
        comparison.get_by_role("button", name="relative difference").click()
        shows(difference, re.compile("relative"))

    def interact(self) -> None:
        front = self.page.locator(".walked-front")
        front.locator(".noUi-handle[aria-label='width']").press("End")
        front.locator(".noUi-handle[aria-label='height']").press("End")
        expect(canvas_of(front)).to_have_attribute("aria-label", "area 6 at width = 3, height = 2")

    def panel(self) -> None:
        panel = self.page.locator(".walked-panel").last  # the cell that waited showed it too
        failures = panel.locator(".explorekit-failures")
        expect(failures.locator("details")).to_have_count(2)
        failures.locator("summary").first.click()
        expect(failures.locator("pre").first).to_contain_text("raise ValueError")
        panel.get_by_role("button", name="Retry failed").click()
        expect(failures.locator("details")).to_have_count(0)
        expect(panel.locator(".explorekit-head")).to_contain_text("finished")

    # ---- what the steps are made of

    def draw_as(self, kind: str) -> None:
        """Choose a kind of plot, and see that another picture is drawn, of more than one colour."""
        self.page.wait_for_timeout(PACE)
        menu = self.explorer.locator("> .widget-hbox").first.get_by_label("kind", exact=True)
        if menu.evaluate("menu => menu.selectedOptions[0].label") != kind:
            with self.another_picture():
                menu.select_option(kind)
        expect(menu.locator("option:checked")).to_have_text(kind)
        assert self.colours() > 8, f"{kind} drew nothing"

    def shows(self, words: str | re.Pattern[str]) -> None:
        shows(self.explorer, words)

    def type_in(self, slider: str, text: str) -> None:
        self.explorer.get_by_label(f"{slider}: value").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    @contextmanager
    def tool(self, name: str) -> Iterator[Locator]:
        """Open a tool, and close it again."""
        press(self.explorer.locator(".explorekit-tool-buttons"), name)
        opened = self.explorer.locator(".explorekit-opened")
        expect(opened).to_have_count(1)
        try:
            yield opened
        finally:
            opened.locator(".explorekit-shut").click()
        expect(opened).to_have_count(0)

    @contextmanager
    def another_picture(self) -> Iterator[None]:
        """Wait until the picture is not as it was before."""
        canvas = canvas_of(self.explorer).element_handle()
        before = pixels(canvas_of(self.explorer))
        yield
        self.page.wait_for_function("([c, before]) => c.toDataURL() !== before", arg=[canvas, before])

    def comes_back_to(self, before: str) -> None:
        """Wait until the picture is as it was."""
        canvas = canvas_of(self.explorer).element_handle()
        self.page.wait_for_function("([c, before]) => c.toDataURL() === before", arg=[canvas, before])

    def colours(self) -> int:
        """Return how many colours the picture has."""
        data = self.explorer.locator(".explorekit-picture canvas").evaluate(
            "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
        )
        return int(data)

    def at(self, right: float, down: float) -> Position:
        """Return a place on the picture, from the upper left corner of it."""
        box = canvas_of(self.explorer).bounding_box()
        assert box
        return {"x": right * box["width"], "y": down * box["height"]}
