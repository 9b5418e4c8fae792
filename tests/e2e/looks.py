"""What a page looks like and whether everybody can use it: at two sizes, in the light and in the dark.

With TELEOSCE_SCREENSHOTS=folder each state is also written there as a picture, four for each, to be looked at.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.async_api import Page, ViewportSize

Scheme = Literal["light", "dark"]

SIZES: dict[str, ViewportSize] = {"laptop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
# Without preload: to read stylesheets axe makes style elements, which our policy refuses, and says so in the console.
AXE = "(more) => axe.run({resultTypes: ['violations'], preload: false, ...more})"
# What was looked at in light differs in the dark by its colours alone.
SCHEMES: dict[Scheme, dict[str, Any]] = {"light": {}, "dark": {"runOnly": ["color-contrast", "link-in-text-block"]}}
TOO_WIDE = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const out = [...document.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > clientWidth);
  return [`${scrollWidth} px`, ...out.map((one) => `${one.tagName} #${one.id} .${one.className}`)];
}"""
# A plot has a picture for each scheme and width, which the browser asks for when its window changes. The one before
# stays until the one that is meant has come, and would be looked at instead.
DRAWN = """async () => {
  const pictures = [...document.querySelectorAll("picture img")].filter((one) => one.checkVisibility());
  const drawn = (one) => {
    one.loading = "eager";
    const sources = [...one.closest("picture").querySelectorAll("source")];
    const meant = sources.find((each) => matchMedia(each.media).matches)?.srcset ?? one.getAttribute("src");
    return one.currentSrc === new URL(meant, document.baseURI).href && one.complete && one.naturalWidth > 0;
  };
  while (!pictures.every(drawn)) await new Promise((go) => setTimeout(go, 50));
  for (const one of pictures) { one.decoding = "sync"; await one.decode(); }
}"""
# Taken out: the program refuses variables that begin with its name and are no settings of it.
SCREENSHOTS = os.environ.pop("TELEOSCE_SCREENSHOTS", None)


async def picture(page: Page, name: str, *, whole: bool = False) -> None:
    """Writes what the window shows, or the whole page, where pictures are wanted."""
    if SCREENSHOTS:
        await page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=whole, caret="initial")


async def views(page: Page) -> AsyncIterator[tuple[str, Scheme]]:
    """A page at each size, in each scheme, with its pictures for them; at the end as it was first."""
    for size, viewport in SIZES.items():
        await page.set_viewport_size(viewport)
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            async with asyncio.timeout(60):
                await page.evaluate(DRAWN)
            yield size, scheme
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(SIZES["laptop"])


async def look(page: Page, state: str) -> None:
    """Four looks at a page as it stands: axe finds nothing, and nothing is wider than the window."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    async for size, scheme in views(page):
        await picture(page, f"{state}-{size}-{scheme}", whole=True)
        found = AxeResults(await page.evaluate(AXE, SCHEMES[scheme]))
        assert found.violations_count == 0, f"{state}, {size}, {scheme}\n{found.generate_report()}"
        assert await page.evaluate(TOO_WIDE) == [], f"{state}, {size}: wider than its window"
