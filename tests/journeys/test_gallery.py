"""The whole gallery in one served demo: each starter is added by its page, and every sample comes to its end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from flows import gallery
from tests.journeys.cast import Demo
from tests.journeys.story import PLAYED, scenes

AT_ONCE = 4


@pytest.fixture(scope="module")
def pages(demo: Demo) -> Iterator[httpx.Client]:
    """The browser of the admin that the first start made, without script."""
    with httpx.Client(base_url=demo.server.url, follow_redirects=True, trust_env=False, timeout=60) as client:
        client.get(demo.server.sign_in_link)
        yield client


def test_every_sample_of_the_gallery_has_its_scene():
    samples = {(starter, sample) for starter in gallery.starters() for sample in gallery.samples(starter)}
    assert samples == set(PLAYED)


@pytest.mark.parametrize("starter", gallery.starters())
def test_a_starter_is_added_and_each_of_its_samples_comes_to_its_end(
    demo: Demo, pages: httpx.Client, starter: str
):
    flow = added(pages, starter)
    samples = list(gallery.samples(starter))

    def play(sample: str) -> list[dict]:
        return [scene.play(demo, starter, flow) for scene in scenes(starter, sample)]

    with ThreadPoolExecutor(AT_ONCE) as together:
        runs = [run for played in together.map(play, samples) for run in played]
    assert {run["flow"] for run in runs} == {flow}
    assert len(runs) >= len(samples)


def added(pages: httpx.Client, starter: str) -> str:
    """The slug of the flow that "Use this flow" leads to; its launch page offers the starter's samples."""
    page = pages.get(f"/projects/demo/gallery/{starter}/")
    assert page.status_code == 200, page.text
    form = {"csrfmiddlewaretoken": pages.cookies["csrftoken"]}
    launch = pages.post(page.url, data=form, headers={"Referer": str(page.url)})
    assert launch.status_code == 200, launch.text
    assert all(f"?sample={sample}" in launch.text for sample in gallery.samples(starter))
    flow = launch.url.path.removeprefix("/projects/demo/flows/").removesuffix("/launch/")
    assert flow == (f"{starter}-2" if starter in gallery.AT_FIRST else starter)
    return flow
