"""Writes the pages as PNG: `python -m tests.browser.screenshots [DATA] [FOLDER] [PAGE...]`.

Needs a published DATA directory and the system's Chromium. One file for each page, width and colour scheme.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.browser.serving import CHROMIUM, chromium, served

PAGES = {
    "home": "/",
    "table": "/table",
    "families": "/table?rows=families",
    "model": "/model/meta-llama/Meta-Llama-3-8B",
    "card": "/card/LLM360/K2",
    "asof": "/model/nvidia/NVIDIA-Nemotron-Parse-2.0?asof=2026-08-21",
    "evidence": "/model/meta-llama/Meta-Llama-3-8B/evidence/license",
    "trends": "/trends?f=Llama+2&f=Llama+3&f=OLMo+2&f=Qwen+2.5&days=1095",
    "shares": "/trends?share=license#share",
    "claims": "/claims",
    "changes": "/changes",
    "licenses": "/licenses",
    "license": "/licenses/llama3",
    "experts": "/experts",
    "method": "/method",
    "status": "/status",
    "api": "/api",
    "datasette": "/index/models",
}
SIZES = {"wide": (1280, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")
FULL = 2600  # pixels of a long page that are kept


def shoot(data: Path, folder: Path, pages: list[str]) -> list[Path]:
    """The pictures of these pages; gives the files back."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with served(data) as server, chromium() as browser:
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,
                    locale=os.environ.get("SCREENSHOT_LOCALE", "en-GB"),
                )
                page = context.new_page()
                for name in pages:
                    page.goto(server.url + PAGES[name])
                    path = folder / f"{name}-{size}-{scheme}.png"
                    tall = min(FULL, page.evaluate("document.documentElement.scrollHeight"))
                    page.set_viewport_size({"width": width, "height": max(height, tall)})
                    page.screenshot(path=path)
                    page.set_viewport_size({"width": width, "height": height})
                    made.append(path)
                context.close()
    return made


def main(argv: list[str]) -> int:
    """The command line."""
    data = Path(argv[0] if argv else "data")
    folder = Path(argv[1] if len(argv) > 1 else "screenshots")
    if not CHROMIUM.exists():
        print(f"There is no {CHROMIUM}; no screenshots were made.")
        return 2
    for path in shoot(data, folder, argv[2:] or list(PAGES)):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
