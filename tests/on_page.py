"""What a hand does on a page, and what an eye sees there and in the files that were saved."""

import csv
import io
import re
from pathlib import Path

import xarray as xr
from PIL import Image
from playwright.sync_api import Locator, Page, expect


def canvas_of(explorer: Locator) -> Locator:
    return explorer.locator(".explorekit-picture canvas")


def pixels(canvas: Locator) -> str:
    return str(canvas.evaluate("canvas => canvas.toDataURL()"))


def shows(explorer: Locator, words: str | re.Pattern[str]) -> None:
    """Wait until a picture is described in some words."""
    expect(canvas_of(explorer)).to_have_attribute("aria-label", words)


def is_drawn(picture: Image.Image) -> bool:
    return picture.size[0] > 400 and len(picture.convert("RGB").getcolors(10**6) or ()) > 8


def rates(path: Path) -> list[float]:
    with xr.open_dataset(path) as dataset:
        return [float(value) for value in dataset["rate"]]


def column(file: bytes, name: str) -> list[float]:
    return [float(row[name]) for row in csv.DictReader(file.decode().splitlines())]


def frames(file: bytes) -> int:
    return int(getattr(Image.open(io.BytesIO(file)), "n_frames", 1))


def press(where: Locator, name: str) -> None:
    """Press the button that says something, and nothing else."""
    where.locator("button").filter(has_text=re.compile(rf"^\s*{name}\s*$")).click()


def choose(where: Locator, menu: str, choice: str) -> None:
    where.get_by_label(menu, exact=True).select_option(choice)


def drag(page: Page, slider: Locator, to: float) -> None:
    """Drag the handle of a slider with the mouse, to a part of its length."""
    slider.scroll_into_view_if_needed()
    handle = slider.locator(".noUi-handle").bounding_box()
    track = slider.locator(".noUi-base").bounding_box()
    assert handle
    assert track
    y = handle["y"] + handle["height"] / 2
    page.mouse.move(handle["x"] + handle["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] * to, y, steps=20)
    page.mouse.up()
