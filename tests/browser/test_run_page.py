"""The run page in a browser: one selection for node, row and event, keys, tabs, the views, and without script."""

import json
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.api import Api
from tests.browser.audit import audit_page
from tests.journeys import stage
from tests.serving import BatonServer

REFUND = {"message": "I was charged twice for order 1042: ch_9001 and ch_9002."}
EVIL = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"


@pytest.fixture(scope="module")
def api(server: BatonServer) -> Api:
    found = server.api("ada")
    stage.publish(
        found,
        stage.scripted({"when": {"agent": "evil"}, "say": EVIL}),
        stage.agent("evil", "script/any"),
        stage.chain(
            "evil", {"id": "say", "type": "agent", "config": {"agent": "evil", "text": "{{ input.message }}"}}
        ),
        stage.chain(
            "wide",
            {
                "id": "each",
                "type": "map",
                "config": {"items": "input.items", "agent": "evil", "text": "{{ item }}"},
            },
        ),
    )
    return found


@pytest.fixture(scope="module")
def refund(api: Api) -> str:
    run_id = api.launch("customer-support", input=REFUND)["id"]
    api.waiting(run_id)
    return run_id


@pytest.fixture(scope="module")
def fault(api: Api) -> str:
    run_id = api.launch("customer-support", input={"message": "My lamp does not light up"})["id"]
    api.finished(run_id)
    return run_id


def open_run(page: Page, run_id: str, path: str = "") -> None:
    page.goto(f"/runs/{run_id}/{path}")
    expect(page.locator("flow-canvas[data-ready]")).to_be_visible()
    expect(page.locator("table[role=treegrid] tr[aria-level]").first).to_be_visible()


def selected_row(page: Page):
    return page.locator('tr[aria-selected="true"]')


def test_node_row_and_event_are_one_selection_and_the_address_names_it(ada: Page, fault: str):
    open_run(ada, fault)
    ada.locator('.node[data-node-id="technical"] .node__head').click()
    expect(selected_row(ada)).to_contain_text("Technical specialist")
    expect(ada.locator("#run-detail h2")).to_have_text("Technical specialist")
    expect(ada).to_have_url(re.compile(f"/runs/{fault}/steps/technical/1/"))
    ada.locator("tr[aria-level]", has_text="Which specialist?").click()
    expect(ada.locator("#run-detail h2")).to_have_text("Which specialist?")
    expect(ada.locator('.node[data-node-id="classify"][data-selected]')).to_be_visible()
    ada.locator(".log li", has_text="The one answer · succeeded").click()
    expect(selected_row(ada)).to_contain_text("The one answer")
    expect(ada.locator(".log li.is-selected").first).to_contain_text("The one answer")
    ada.reload()
    expect(ada.locator("#run-detail h2")).to_have_text("The one answer")
    expect(selected_row(ada)).to_contain_text("The one answer")


def test_what_waits_is_in_sight_at_first_and_a_link_to_a_step_wins(ada: Page, refund: str):
    ada.set_viewport_size({"width": 1280, "height": 720})
    sees = """node => { const seen = node.closest('flow-canvas').getBoundingClientRect();
        const box = node.getBoundingClientRect();
        return box.top >= seen.top && box.bottom <= seen.bottom && box.left >= seen.left && box.right <= seen.right;
    }"""
    open_run(ada, refund)
    expect(ada.locator("#run-detail h2")).to_have_text("Billing specialist")
    billing = ada.locator('.node[data-node-id="billing"][data-selected]')
    expect(billing).to_be_visible()
    ada.wait_for_function(sees, arg=billing.element_handle())
    open_run(ada, refund, "steps/start/1/")
    expect(ada.locator('.node[data-node-id="start"][data-selected]')).to_be_visible()
    expect(ada.locator("#run-detail h2")).to_have_text("start")
    for tab in ada.locator("#run-detail [role=tab]").all():
        expect(tab).to_be_in_viewport(ratio=1)


def test_keys_move_fold_and_choose_tabs(ada: Page, fault: str):
    open_run(ada, fault, "steps/classify/1/")
    expect(ada.locator('[role=tab][aria-selected="true"]')).to_contain_text("Why")
    ada.keyboard.press("2")
    expect(ada.locator('[role=tab][aria-selected="true"]')).to_contain_text("Messages")
    expect(ada).to_have_url(re.compile(r"\?tab=messages$"))
    ada.locator("table[role=treegrid]").focus()
    rows = ada.locator("tr[aria-level]").count()
    ada.keyboard.press("ArrowLeft")
    expect(ada.locator("tr[aria-level]")).to_have_count(rows - 1)
    ada.keyboard.press("ArrowRight")
    expect(ada.locator("tr[aria-level]")).to_have_count(rows)
    ada.keyboard.press("ArrowDown")
    expect(selected_row(ada)).to_contain_text("simulated/small")
    ada.keyboard.press("ArrowDown")
    expect(ada.locator("#run-detail h2")).to_have_text("Technical specialist")
    ada.keyboard.press("f")
    expect(ada.get_by_role("heading", name="Fork this run")).to_be_visible()


def test_single_letters_can_be_switched_off(ada: Page, server: BatonServer, fault: str):
    ada.context.add_cookies([{"name": "shortcuts", "value": "off", "url": server.url}])
    open_run(ada, fault)
    ada.keyboard.press("f")
    ada.keyboard.press("Shift+R")
    ada.wait_for_timeout(300)
    assert urlsplit(ada.url).path == f"/runs/{fault}/"


def test_errors_only_and_the_tree_show_the_same_run_otherwise(ada: Page, fault: str):
    open_run(ada, fault)
    ada.get_by_label("Errors only").check()
    expect(ada.locator("tr[aria-level]")).to_have_count(3)
    expect(ada.locator("tr[aria-level]").last).to_contain_text("provider_error")
    ada.get_by_label("Errors only").uncheck()
    ada.get_by_role("button", name="Tree").click()
    names = ada.locator('tr[aria-level="2"] b').all_inner_texts()
    assert names[:4] == ["start", "Which specialist?", "Billing specialist", "Technical specialist"]


def test_the_log_filters_and_holds_still(ada: Page, fault: str):
    open_run(ada, fault)
    ada.locator("[data-log-filter]").select_option("model.")
    expect(ada.locator(".log li")).to_have_count(3)
    assert set(ada.locator(".log li b").all_inner_texts()) == {"model.called"}


def test_a_long_map_unfolds_without_filling_the_page(ada: Page, api: Api):
    run_id = api.launch("wide", input={"items": list(range(700))})["id"]
    api.finished(run_id, within_s=60)
    open_run(ada, run_id)
    ada.wait_for_function("document.querySelector('run-trace').trace.rows.size === 703")
    row = ada.locator("tr[aria-level]", has_text="700 of 700 items")
    row.locator(".wf__fold").click()
    expect(ada.locator("[data-waterfall] [data-count]")).to_have_text("704")
    ada.locator("[data-scroller]").evaluate("element => { element.scrollTop = element.scrollHeight; }")
    last = ada.locator("tr[aria-level]", has_text="[699]")
    expect(last).to_be_visible()
    assert ada.locator("[data-waterfall] tbody tr").count() < 60
    last.locator(".wf__fold").click()
    expect(ada.locator("tr[aria-level='4']", has_text="script/any")).to_be_visible()


def test_what_models_say_stays_text(ada: Page, api: Api):
    run_id = api.launch("evil", input={"message": EVIL})["id"]
    api.finished(run_id)
    for path in ("", "steps/say/1/", "steps/say/1/?tab=raw", "steps/say/1/?tab=data"):
        open_run(ada, run_id, path)
        assert "hacked" not in ada.title().replace(EVIL, "")
        assert ada.locator("main img").count() == 0
    expect(ada.locator("#run-detail")).to_contain_text("<img src=x")


def test_a_viewer_gets_the_page_without_anything_to_press(sign_in, refund: str):
    ben = sign_in("ben")
    open_run(ben, refund)
    expect(ben.locator("#run-detail")).to_contain_text("This is for role:reviewer to decide.")
    assert ben.locator("main form, [data-act]").count() == 0


def test_without_script_steps_and_tabs_are_links_and_the_decision_is_a_form(sign_in, api: Api):
    run_id = api.launch("customer-support", input=REFUND)["id"]
    api.waiting(run_id)
    rita = sign_in("rita", java_script_enabled=False)
    rita.goto(f"/runs/{run_id}/")
    rita.get_by_role("link", name="Which specialist?").click()
    expect(rita.locator("#run-detail h2")).to_have_text("Which specialist?")
    rita.get_by_role("tab", name="Messages").click()
    expect(rita.locator("#run-detail")).to_contain_text("Call 1")
    rita.goto(f"/runs/{run_id}/")
    rita.context.watch.expect("status of 422")
    rita.get_by_role("button", name="Reject").click()
    expect(rita.get_by_text("Say why: whoever asked reads it.")).to_be_visible()
    rita.get_by_label("Your reason").fill("Not this one.")
    rita.get_by_role("button", name="Reject").click()
    expect(rita.locator("#run-detail")).to_contain_text("This is decided.")
    assert api.finished(run_id)["status"] == "succeeded"


@pytest.mark.parametrize("what", ["waiting", "finished", "fork", "retry"])
def test_axe_finds_nothing_grave(ada: Page, refund: str, fault: str, what: str):
    if what == "waiting":
        open_run(ada, refund)
    elif what == "finished":
        open_run(ada, fault, "steps/classify/1/")
    else:
        ada.goto(f"/runs/{fault}/{'forks' if what == 'fork' else 'retries'}/")
    audit_page(ada)


def test_the_journal_downloads(ada: Page, api: Api, fault: str):
    open_run(ada, fault)
    with ada.expect_download() as download:
        ada.get_by_role("link", name="Download events as JSON lines").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == api.events(fault)
