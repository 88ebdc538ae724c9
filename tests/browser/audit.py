"""axe-core on a page: light and dark, wide and narrow. Serious and critical findings fail the test."""

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "axe" / "axe.min.js"
SIZES = {"1440": {"width": 1440, "height": 900}, "390": {"width": 390, "height": 844}}
LOOKS = [("light", "1440"), ("dark", "390"), ("light", "390"), ("dark", "1440")]
GRAVE = {"serious", "critical"}
# Now and then headless Chromium gives a page no frame after its size changed, until something moves.
DRAWN = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(done));
  setTimeout(done, 2000);
})"""
RUN = """async (only) => {
  window.isAudited = true;
  const result = await axe.run(document, {runOnly: only, resultTypes: ['violations'], preload: false});
  await new Promise((done) => setTimeout(done, 50));
  window.isAudited = false;
  return result.violations.map((violation) => ({
    id: violation.id, impact: violation.impact, help: violation.help,
    where: violation.nodes.slice(0, 3).map((node) => node.target.join(' ') + ' | ' + node.html.slice(0, 160)),
  }));
}"""
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}  # all that a theme can change


def findings(page: Page, only: dict) -> list[str]:
    """`rule: where` of each grave finding on the page as it stands."""
    found = page.evaluate(RUN, only)
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {one['where']}"
        for one in found
        if one["impact"] in GRAVE
    ]


def audit_page(page: Page) -> None:
    """Fails with every grave finding of axe-core, and where it scrolls sideways: light and dark, wide and narrow."""
    wrong = []
    before = page.viewport_size
    page.context.watch.audits()
    # evaluate runs in the page's world but not under its CSP, which forbids adding a script.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for scheme, name in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(SIZES[name])
        page.evaluate(DRAWN)
        wrong += [
            f"{scheme} {name}: {finding}"
            for finding in findings(page, RULES if scheme == "light" else COLOURS)
        ]
        sideways = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if sideways > 0:
            wrong.append(f"{scheme} {name}: the page scrolls sideways by {sideways} px")
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    if before:
        page.set_viewport_size(before)
    assert wrong == [], "\n".join(wrong)
