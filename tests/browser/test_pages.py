"""The pages around the loop in a real browser: forms, uploads, keys, themes, contrast."""

from __future__ import annotations

import base64
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from playwright.sync_api import Page, expect

from annotations.journal import commit
from annotations.protocol import Tx
from projects.ids import uuid7
from projects.intake import intake
from projects.models import Item, Job, Project, User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.browser

DROP = """(files) => {
  const transfer = new DataTransfer();
  for (const {name, type, data} of files) {
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    transfer.items.add(new File([bytes], name, {type}));
  }
  for (const kind of ["dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
  }
}"""

# Every piece of visible text whose contrast against what lies behind it is below WCAG AA.
WEAK_TEXT = """() => {
  const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (color, under) => {
    context.clearRect(0, 0, 1, 1);
    for (const fill of [...under, color]) { context.fillStyle = fill; context.fillRect(0, 0, 1, 1); }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = ([r, g, b]) => {
    const part = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    const fills = [];
    for (let at = element; at; at = at.parentElement) fills.unshift(getComputedStyle(at).backgroundColor);
    return fills;
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (element.closest("[disabled], [aria-disabled=true], .sr-only, .skeleton, script, style, noscript")) continue;
    const style = getComputedStyle(element);
    const fills = behind(element);
    const [a, b] = [light(rgba(style.color, fills)), light(rgba("transparent", fills))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) weak.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return weak;
}"""

# How many pixels of the project's tabs are out of sight.
HIDDEN_TABS = (
    "() => { const tabs = document.querySelector('.tabs[data-tab]'); return tabs.scrollWidth - tabs.clientWidth; }"
)

# Controls without a name, and targets that are too small to hit.
BAD_CONTROLS = """() =>
  [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href], summary")]
  .filter((control) => control.checkVisibility() && !control.closest(".sr-only, .skip"))
  .flatMap((control) => {
    const text = (control.labels?.[0] ?? control).textContent.trim();
    const name = control.getAttribute("aria-label") || control.getAttribute("title") || text;
    const box = (control.labels?.[0]?.contains(control) ? control.labels[0] : control).getBoundingClientRect();
    const inline = getComputedStyle(control).display === "inline";
    const found = [];
    if (!name) found.push(`no name: ${control.outerHTML.slice(0, 80)}`);
    if (!inline && (box.width < 24 || box.height < 24)) found.push(`small: ${control.outerHTML.slice(0, 80)}`);
    return found;
  })"""


DATA_PAGES = ("statistics", "checks", "data", "versions", "versions/new")


def picture(color: str = "red", size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "PNG")
    return buffer.getvalue()


def drop(page: Page, *files: tuple[str, str, bytes]) -> None:
    packed = [{"name": name, "type": kind, "data": base64.b64encode(data).decode()} for name, kind, data in files]
    page.wait_for_load_state("load")  # by then the modules have run
    page.evaluate(DROP, packed)


@pytest.fixture
def item(project: Project, alice: User) -> Item:
    return intake(project, SimpleUploadedFile("crossing.png", picture("green")), "crossing.png", alice)


def test_from_signing_up_to_the_first_pictures(desk) -> None:
    page = desk().open("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Name").fill("Dora")
    page.get_by_label("Email").fill("dora@example.org")
    page.get_by_label("Password", exact=True).fill("four words nobody guesses")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Welcome, Dora")).to_be_visible()

    page.get_by_role("link", name="Make the first project").click()
    page.get_by_label("Name").fill("Belt")
    page.get_by_label("Labels").fill("bolt, gear #ff0000")
    expect(page.locator("#label-preview")).to_have_text("boltgear")
    page.get_by_role("button", name="Create the project").click()
    expect(page.get_by_text("Drop images or videos here")).to_be_visible()

    drop(page, ("one.png", "image/png", picture("red")), ("two.png", "image/png", picture("blue")))
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.get_by_role("heading", name="2 of 2 files added")).to_be_visible()
    expect(page.get_by_text("0 of 2 labelled")).to_be_visible()
    loaded = "() => [...document.querySelectorAll('.tile img')].every((image) => image.naturalWidth > 0)"
    page.wait_for_function(loaded)
    assert set(Item.objects.values_list("path", flat=True)) == {"one.png", "two.png"}

    page.get_by_role("link", name="Frameloop, start page").click()
    expect(page.get_by_text("2 items collected.")).to_be_visible()


def test_each_file_that_is_refused_says_why_and_can_be_tried_again(desk, alice: User, project: Project) -> None:
    seat = desk(alice)
    seat.allow("415", "422")
    page = seat.open(f"/projects/{project.pk}/")
    drop(page, ("notes.txt", "text/plain", b"no picture"), ("fine.png", "image/png", picture()), ("none.png", "", b""))
    expect(page.get_by_role("heading", name="1 of 3 files added, 2 failed")).to_be_visible()
    rows = page.locator(".upload[data-state=failed]")
    expect(rows.filter(has_text="notes.txt")).to_contain_text("notes.txt is not taken")
    expect(rows.filter(has_text="none.png")).to_contain_text("The file is empty (0 bytes)")
    rows.filter(has_text="notes.txt").get_by_role("button", name="Retry").click()
    expect(rows.filter(has_text="notes.txt")).to_contain_text("notes.txt is not taken")
    assert project.items.count() == 1


def test_a_file_that_is_there_already_is_told(desk, alice: User, item: Item) -> None:
    page = desk(alice).open(f"/projects/{item.project_id}/")
    drop(page, ("crossing.png", "image/png", picture("green")))
    said = page.locator(".upload-note")
    expect(said).to_contain_text("The project has an item with this very file already")
    expect(said).to_contain_text("so the item is called crossing (2).png")
    expect(page.locator(".tile")).to_have_count(2)


def test_what_one_adds_or_deletes_the_other_sees(desk, alice: User, bob: User, item: Item) -> None:
    path = f"/projects/{item.project_id}/"
    mine, theirs = desk(alice).open(path), desk(bob).open(path)
    expect(theirs.locator(".tile")).to_have_count(1)
    drop(mine, ("new.png", "image/png", picture("blue")))
    expect(theirs.locator(".tile")).to_have_count(2)
    tile = mine.locator(".tile", has_text="crossing.png")
    tile.hover()
    tile.get_by_role("button", name="Delete crossing.png").click()
    mine.get_by_role("button", name="Cancel").click()
    assert Item.objects.filter(pk=item.pk).exists()
    tile.hover()
    tile.get_by_role("button", name="Delete crossing.png").click()
    mine.get_by_role("button", name="Delete", exact=True).click()
    expect(mine.locator(".tile")).to_have_count(1)
    expect(theirs.locator(".tile")).to_have_count(1)
    assert not Item.objects.filter(pk=item.pk).exists()


def test_what_one_labels_the_other_counts(desk, alice: User, item: Item, project: Project) -> None:
    page = desk(alice).open(f"/projects/{item.project_id}/")
    expect(page.get_by_text("0 of 1 labelled")).to_be_visible()
    box = {"type": "box", "x": 1, "y": 1, "w": 9, "h": 9}
    op = {"op": "create", "id": str(uuid7()), "label": str(project.labels.get(name="car").pk), "geometry": box}
    commit(item.pk, Tx(str(uuid7()), str(uuid7()), 0, [op]), alice)
    expect(page.locator(".tile-count")).to_have_text("1")
    expect(page.get_by_text("1 of 1 labelled")).to_be_visible()


@pytest.mark.parametrize("path", ["training/", "settings/", ""])
def test_the_header_follows_the_jobs_of_the_project(desk, alice: User, project: Project, path: str) -> None:
    page = desk(alice).open(f"/projects/{project.pk}/{path}")
    badge = page.locator("#running-jobs .badge")
    expect(badge).to_have_count(0)
    page.wait_for_timeout(500)  # the socket joins the room: what happened before is on the page already
    job = Job.objects.create(project=project, kind="train", title="A run", status="queued")
    job.record("status", {"status": "queued"})
    expect(badge).to_have_text("1")
    page.get_by_label("1 running job").click()
    held = Job.claim(job.pk)
    assert held is not None and held.move("running", expect=("starting",))
    held.report("progress", {"progress": 0.5}, progress=0.5)
    expect(page.locator("#running-jobs progress")).to_have_js_property("value", 0.5)
    page.keyboard.press("Escape")
    page.locator("h1").click()
    assert held.move("succeeded", expect=("running",))
    expect(badge).to_have_count(0)


def test_keys_alone_lead_through_sign_in_and_a_new_project(desk, alice: User) -> None:
    page = desk().open("/sign-in/")
    page.keyboard.type(alice.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r":\d+/$"))

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("/")  # no search on this page: the project switcher opens
    expect(page.get_by_role("link", name="New project").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/projects/new/$"))

    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("By keys")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Detect objects (boxes)")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("one, two")
    page.keyboard.press("Tab")
    if Project.objects.count() == 0 and page.get_by_label("Team").count():
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Create the project")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/projects/[0-9a-f-]{36}/$"))
    made = Project.objects.get(name="By keys")
    assert made.task == "segment"
    assert list(made.labels.values_list("name", flat=True)) == ["one", "two"]


def test_the_key_list_opens_and_closes_and_slash_finds_the_search(desk, alice: User, item: Item) -> None:
    page = desk(alice).open(f"/projects/{item.project_id}/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Part of the file name")).to_be_focused()
    page.keyboard.type("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No item matches")).to_be_visible()


def _is_dark(page: Page) -> bool:
    red = page.evaluate("() => Number(getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/)[0])")
    return red < 128


def test_the_theme_follows_the_system_until_a_person_chooses(desk, alice: User) -> None:
    page = desk(alice, color_scheme="dark").open("/")
    assert _is_dark(page)
    page.get_by_role("button", name="Switch to the light theme").click()
    assert not _is_dark(page)
    page.goto(page.url + "account/")
    assert not _is_dark(page)
    expect(page.get_by_role("button", name="Switch to the dark theme")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_and_controls_have_names_and_size(desk, alice: User, item: Item, scheme: str) -> None:
    project = item.project
    Job.objects.create(project=project, kind="train", status="running", progress=0.4)
    Item.objects.filter(pk=item.pk).update(state="sent-back", annotation_count=3)
    seat = desk(alice, color_scheme=scheme, reduced_motion="reduce")
    page = seat.open("/")
    paths = [
        "/",
        f"/projects/{project.pk}/",
        f"/projects/{project.pk}/?q=nothing",
        f"/projects/{project.pk}/settings/",
        *(f"/projects/{project.pk}/{name}/" for name in DATA_PAGES),
        "/projects/new/",
        "/account/",
        f"/teams/{project.team_id}/",
    ]
    for path in paths:
        page.goto(seat.server.url + path)
        assert page.evaluate(WEAK_TEXT) == [], path
        assert page.evaluate(BAD_CONTROLS) == [], path
    stranger = desk(color_scheme=scheme)
    for path in ["/sign-in/", "/sign-up/"]:
        page = stranger.open(path)
        assert page.evaluate(WEAK_TEXT) == [], path
        assert page.evaluate(BAD_CONTROLS) == [], path


@pytest.mark.parametrize("width", [800, 1280, 1920])
def test_no_page_scrolls_sideways(desk, alice: User, item: Item, width: int) -> None:
    Item.objects.filter(pk=item.pk).update(path="a/very/long/path/" + "x" * 200 + ".png")
    Project.objects.filter(pk=item.project_id).update(
        name="A name that somebody made much longer than it had to be " * 2
    )
    seat = desk(alice, viewport={"width": width, "height": 900})
    page = seat.open("/")
    team = f"/teams/{item.project.team_id}/"
    of_project = [f"/projects/{item.project_id}/{name}" for name in ("", "settings/", *(f"{n}/" for n in DATA_PAGES))]
    for path in ["/", *of_project, "/account/", team]:
        page.goto(seat.server.url + path)
        overflow = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, path
        if path in of_project:
            expect(page.locator(".tabs [aria-current=page]")).to_be_in_viewport(ratio=0.9)
            assert width < 1280 or page.evaluate(HIDDEN_TABS) <= 0, path


def test_a_label_is_renamed_and_the_project_deleted_by_its_name(desk, alice: User, project: Project) -> None:
    page = desk(alice).open(f"/projects/{project.pk}/settings/")
    field = page.get_by_label("Name of label 0")
    field.fill("pedestrian")
    page.locator(".label-row", has=field).get_by_role("button", name="Save").click()
    expect(page.get_by_label("Name of label 0")).to_have_value("pedestrian")
    page.get_by_role("button", name="Delete the project").click()
    final = page.get_by_role("button", name="Delete for ever")
    expect(final).to_be_disabled()
    page.get_by_label("Type Street to confirm").fill("Street")
    final.click()
    expect(page.get_by_text("The project 'Street' is deleted.")).to_be_visible()
    assert not Project.objects.filter(pk=project.pk).exists()


def test_an_invitation_brings_somebody_new_into_the_team(desk, alice: User, team) -> None:
    owner = desk(alice).open(f"/teams/{team.pk}/")
    owner.get_by_label("Invite a new").select_option("reviewer")
    owner.get_by_role("button", name="Make a link").click()
    link = owner.get_by_label("The new link").input_value()
    page = desk().open(link.partition("/invitations/")[1] + link.partition("/invitations/")[2])
    page.get_by_role("link", name="Create an account and join").click()
    page.get_by_label("Name").fill("Dora")
    page.get_by_label("Email").fill("dora@example.org")
    page.get_by_label("Password", exact=True).fill("four words nobody guesses")
    page.get_by_role("button", name="Create the account").click()
    page.get_by_role("button", name="Join Lab").click()
    expect(page.get_by_text("Welcome to Lab.")).to_be_visible()
    expect(page.get_by_role("heading", name="Lab")).to_be_visible()


def test_a_button_pressed_before_its_script_has_come_acts_when_it_has(desk, alice: User) -> None:
    seat = desk(alice)
    page, held = seat.context.new_page(), []
    page.route("**/js/lib/shell*", lambda route: held.append(route))
    page.goto(f"{seat.server.url}/", wait_until="commit")
    toggle = page.locator("[data-theme-toggle]")
    toggle.click()
    while not held:
        page.wait_for_timeout(20)
    expect(page.locator("html[data-theme]")).to_have_count(0)
    for route in held:
        route.continue_()
    expect(page.locator("html[data-theme=dark]")).to_have_count(1)
