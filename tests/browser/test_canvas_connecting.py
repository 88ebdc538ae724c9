"""Connecting: behaviours 17 to 23 of the canvas."""

import pytest

from tests.browser.drawing import Drawing


@pytest.fixture
def drawing(ada, server) -> Drawing:
    return Drawing(ada, server)


def answer_loop(drawing: Drawing, most: str) -> str:
    dialog = drawing.page.locator("#canvas-loop")
    dialog.wait_for()
    sentence = dialog.locator("[data-loop-sentence]").inner_text()
    dialog.locator("input").fill(most)
    drawing.press("Enter")
    dialog.wait_for(state="hidden")
    return sentence


def test_a_connection_is_drawn_from_port_to_port(drawing):
    drawing.connect("left", "right")
    assert ("left", "out", "right") in drawing.kept_edges()
    drawing.drag(drawing.port("done", "in"), drawing.port("which", "yes"))
    assert ("which", "yes", "done") in drawing.kept_edges()


def test_a_connection_may_be_dropped_anywhere_on_a_card(drawing):
    drawing.drag(drawing.port("first"), drawing.middle("left"))
    assert ("first", "out", "left") in drawing.kept_edges()


def test_impossible_targets_are_dimmed_while_a_connection_is_drawn(drawing):
    dimmed = []
    drawing.drag(
        drawing.port("first"),
        drawing.empty(),
        before_drop=lambda: dimmed.extend(
            drawing.page.locator(".node[data-impossible]").evaluate_all(
                "cards => cards.map(c => c.dataset.nodeId)"
            )
        ),
    )
    assert sorted(dimmed) == ["first", "start", "which"]
    drawing.press("Escape")
    assert drawing.page.locator(".node[data-impossible]").count() == 0


@pytest.mark.parametrize(
    ("source", "port", "target", "sentence"),
    [
        ("first", "out", "which", "First already leads to Which way? by out."),
        ("first", "out", "start", "Nothing leads into start: a start is where a flow begins."),
    ],
)
def test_a_duplicate_and_a_wrong_type_are_refused_with_a_sentence(drawing, source, port, target, sentence):
    before = drawing.edges()
    drawing.drag(drawing.port(source, port), drawing.middle(target))
    assert drawing.refused() == sentence
    assert drawing.page.locator("#toasts").get_attribute("aria-live") == "polite"
    assert drawing.edges() == before


@pytest.mark.parametrize("target", ["first", "left"])
def test_an_edge_backwards_or_to_itself_is_offered_as_a_loop_with_its_limit(drawing, target):
    drawing.page.mouse.click(*drawing.on_edge("left", "done"))
    drawing.press("Delete")  # a loop needs a port of its own
    drawing.drag(drawing.port("left"), drawing.middle(target))
    sentence = answer_loop(drawing, "5")
    assert (
        sentence
        == {
            "first": "Left leads back to First. How often may the steps between them repeat?",
            "left": "Left leads back to itself. How often may it repeat?",
        }[target]
    )
    drawing.page.locator(".edge.is-loop").wait_for(state="attached")
    kept = next(found for found in drawing.kept()["edges"] if found["from"] == "left")
    assert kept["to"] == target
    assert kept["loop"] == {"max": 5}
    assert drawing.page.locator(".frame-label").inner_text().split("\n") == ["Loop", "at most 5"]


def test_a_loop_from_a_port_that_leads_elsewhere_is_refused(drawing):
    drawing.drag(drawing.port("left"), drawing.middle("first"))
    assert drawing.refused() == (
        "The port out of Left leads elsewhere already, and a loop needs a port of its own: use another port."
    )


def test_an_end_of_an_edge_is_dragged_to_reconnect_it(drawing):
    drawing.drag(drawing.on_edge("which", "left", "yes", share=0.9), drawing.middle("done"))
    found = drawing.kept_edges()
    assert ("which", "yes", "done") in found
    assert ("which", "yes", "left") not in found

    drawing.drag(drawing.on_edge("right", "done", share=0.1), drawing.port("first"))
    found = drawing.kept_edges()
    assert ("first", "out", "done") in found
    assert ("right", "out", "done") not in found
    drawing.undo()
    drawing.undo()
    assert {("which", "yes", "left"), ("right", "out", "done")} <= drawing.edges()


def test_click_an_edge_and_delete_removes_only_that_edge(drawing):
    before = drawing.edges()
    drawing.page.mouse.click(*drawing.on_edge("right", "done"))
    drawing.press("Delete")
    assert drawing.kept_edges() == before - {("right", "out", "done")}
    assert drawing.ids() == {"start", "first", "which", "left", "right", "done"}


def test_an_edge_is_never_deleted_by_one_click(drawing):
    before = drawing.edges()
    for share in (0.1, 0.4, 0.6, 0.9):
        drawing.page.mouse.click(*drawing.on_edge("right", "done", share=share))
    drawing.drag(drawing.on_edge("which", "left", "yes", share=0.9), drawing.empty())
    drawing.page.mouse.dblclick(*drawing.on_edge("left", "done", share=0.3))
    assert drawing.edges() == before
