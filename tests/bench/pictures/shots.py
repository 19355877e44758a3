"""Pictures of a page as it is: wide and phone-sized, light and dark."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

FOLDER = ROOT / "docs/desk"
COLORS = 256  # of a picture, which has few of them anyway
SETTLES = 600  # milliseconds until a page is drawn anew for another size or color


# What sticks out: of the page, for which it has to be scrolled sideways, or of one of its cards.
STICKS_OUT = """[document.documentElement, ...document.querySelectorAll('main .card')]
    .filter((it) => it.scrollWidth > it.clientWidth + 1)
    .map((it) => `${it.tagName.toLowerCase()} ${it.id || it.className}`)"""


@dataclass(frozen=True)
class Look:
    size: Literal["wide", "phone"]
    color: Literal["light", "dark"]

    @property
    def width(self) -> int:
        """In CSS pixels."""
        return 1280 if self.size == "wide" else 390

    @property
    def scale(self) -> int:
        """How many pixels of the picture a CSS pixel is wide."""
        return 1 if self.size == "wide" else 2


LOOKS = [Look(size, color) for size in ("wide", "phone") for color in ("light", "dark")]
HEIGHTS = {"wide": 800, "phone": 844}  # in CSS pixels, of a laptop's and a phone's screen


class Camera:
    """Takes pictures of one page. What it has taken is in `folder`, as <name>-<size>-<color>.png."""

    def __init__(self, page: Page, folder: Path = FOLDER) -> None:
        self.page, self.folder = page, folder
        self._devtools = page.context.new_cdp_session(page)  # which keeps the scale for as long as it is open
        self._devtools.send("Emulation.setScrollbarsHidden", {"hidden": True})

    def look(self, look: Look, height: int | None = None) -> None:
        """Show the page as on a screen of that size and color; `height` is that of a wide one."""
        high = HEIGHTS[look.size] if look.size == "phone" else height or HEIGHTS["wide"]
        self.page.emulate_media(color_scheme=look.color, reduced_motion="reduce")
        self.page.set_viewport_size({"width": look.width, "height": high})
        metrics = {"width": look.width, "height": high, "deviceScaleFactor": look.scale, "mobile": False}
        self._devtools.send("Emulation.setDeviceMetricsOverride", metrics)

    def take(self, name: str, look: Look) -> Path:
        """Take a picture of what is on the screen; AssertionError if something sticks out of it, or of a card."""
        self.page.wait_for_timeout(SETTLES)
        sticks_out = self.page.evaluate(STICKS_OUT)
        assert not sticks_out, f"{name}, {look.size}: too wide for {sticks_out}"
        taken = self._devtools.send("Page.captureScreenshot", {"format": "png"})
        return save(base64.b64decode(taken["data"]), self.folder / f"{name}-{look.size}-{look.color}.png")

    def scroll_to(self, selector: str) -> None:
        self.page.locator(selector).evaluate("(it) => it.scrollIntoView()")

    def take_all(self, name: str, height: int | None = None) -> Iterator[Path]:
        """Take the page in all looks without loading it anew."""
        for look in LOOKS:
            self.look(look, height)
            yield self.take(name, look)


def save(png: bytes, path: Path) -> Path:
    """Write a picture with as few bytes as it needs; as it is, if Pillow is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(smaller(png))
    return path


def smaller(png: bytes) -> bytes:
    """Return the picture with at most COLORS colors, if that has fewer bytes."""
    try:
        from PIL import Image
    except ImportError:
        return png
    packed = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
        few.save(packed, "PNG", optimize=True)
    return min(packed.getvalue(), png, key=len)
