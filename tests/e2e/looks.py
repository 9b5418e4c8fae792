"""What a page looks like and whether everybody can use it: at two sizes, in the light and in the dark.

With TELEOSCE_SCREENSHOTS=folder each state is also written there as a picture, four for each, to be looked at.
"""

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.async_api import Page

SIZES = {"laptop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
# Without preload: to read stylesheets axe makes style elements, which our policy refuses, and says so in the console.
AXE = "(more) => axe.run({resultTypes: ['violations'], preload: false, ...more})"
# What was looked at in light differs in the dark by its colours alone.
SCHEMES: dict[str, Any] = {"light": {}, "dark": {"runOnly": ["color-contrast", "link-in-text-block"]}}
TOO_WIDE = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const out = [...document.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > clientWidth);
  return [`${scrollWidth} px`, ...out.map((one) => `${one.tagName} #${one.id} .${one.className}`)];
}"""
# Taken out: the program refuses variables that begin with its name and are no settings of it.
SCREENSHOTS = os.environ.pop("TELEOSCE_SCREENSHOTS", None)


async def look(page: Page, state: str) -> None:
    """Four looks at a page as it stands: axe finds nothing, and nothing is wider than the window."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    for size, viewport in SIZES.items():
        await page.set_viewport_size(viewport)  # type: ignore[arg-type]
        for scheme, rules in SCHEMES.items():
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            if SCREENSHOTS:
                path = Path(SCREENSHOTS) / f"{state}-{size}-{scheme}.png"
                await page.screenshot(path=path, full_page=True, caret="initial")
            found = AxeResults(await page.evaluate(AXE, rules))
            assert found.violations_count == 0, f"{state}, {size}, {scheme}\n{found.generate_report()}"
        assert await page.evaluate(TOO_WIDE) == [], f"{state}, {size}: wider than its window"
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(SIZES["laptop"])  # type: ignore[arg-type]
