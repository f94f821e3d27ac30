"""One person in the editor: tools, keys, rights, suggestions."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations import journal
from annotations.models import Annotation
from annotations.protocol import Tx
from projects.intake import intake
from projects.models import Membership, Role, User
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import picture

pytestmark = pytest.mark.browser


@pytest.fixture
def item(project, alice):
    return intake(project, SimpleUploadedFile("a.jpg", picture()), "a.jpg", alice)


@pytest.fixture
def editor(desk, item, alice) -> EditorPage:
    return EditorPage(desk(alice), item)


def suggest(item, by, boxes):
    """Suggestions as a model makes them."""
    label = str(item.project.labels.first().pk)
    ops = [
        {
            "op": "create",
            "id": str(uuid.uuid4()),
            "label": label,
            "geometry": {"type": "box", "x": x, "y": y, "w": w, "h": h},
            "source": "model",
            "confidence": 0.87,
        }
        for x, y, w, h in boxes
    ]
    journal.commit(item.pk, Tx("detector", str(uuid.uuid4()), item.rev, ops), by, source="model")


def test_a_box_by_two_clicks(editor):
    editor.keys("b")
    editor.click(100, 100)
    editor.click(220, 180)
    assert editor.boxes() == [(100, 100, 120, 80)]
    editor.keys("Escape")
    editor.click(300, 100)
    editor.keys("Escape")  # lets go of the first corner
    editor.click(400, 300)
    editor.keys("v")
    assert len(editor.boxes()) == 1


def test_a_box_without_a_pointer(editor):
    editor.keys("2", "Alt+b")
    editor.expect_shapes(1)
    ((x, y, w, h),) = editor.boxes()
    editor.keys("Shift+ArrowLeft", "ArrowUp", "Control+ArrowRight")
    editor.page.wait_for_function("() => frameloop.editor.drafts.size === 0")
    assert editor.boxes() == [(x - 10, y - 1, w + 1, h)]
    editor.expect_saved()


def test_a_box_by_its_four_extreme_points(editor):
    editor.keys("x")
    for point in ((150, 90), (100, 120), (160, 200), (230, 140)):
        editor.click(*point)
    assert editor.boxes() == [(100, 90, 130, 110)]
    editor.click(300, 100)
    editor.keys("Escape")  # lets go of the first point
    for point in ((310, 210), (300, 220), (320, 240), (340, 230)):
        editor.click(*point)
    assert editor.boxes() == [(100, 90, 130, 110), (300, 210, 40, 30)]


def test_another_of_a_class_and_the_same_again(editor, item):
    editor.keys("2")
    editor.draw(100, 100, 60, 50)
    editor.keys("1", "v")
    editor.click(110, 110)
    editor.keys("n")
    editor.drag((200, 100), (260, 150))
    editor.expect_saved()
    assert set(Annotation.objects.filter(item=item).values_list("label__name", flat=True)) == {"car"}
    editor.keys("v")
    editor.click(210, 110)
    editor.keys("Shift+N")
    editor.drag((300, 120), (380, 180))
    assert editor.boxes() == [(100, 100, 60, 50), (300, 120, 80, 60)]
    editor.keys("Control+z")
    assert editor.boxes() == [(100, 100, 60, 50), (200, 100, 60, 50)]
    editor.keys("Shift+N", "Escape")
    editor.drag((400, 120), (460, 180))
    assert len(editor.boxes()) == 3


def test_the_pointer_passes_over_what_is_locked(editor):
    editor.draw(100, 100, 200, 150)
    editor.keys("v", "l")
    editor.click(150, 150)
    expect(editor.page.locator("#objects [aria-selected=true]")).to_have_count(0)
    editor.drag((150, 150), (190, 160))
    assert editor.boxes() == [(100, 100, 200, 150)]
    editor.keys("Escape", "l")
    editor.click(150, 150)
    expect(editor.page.locator("#objects [aria-selected=true]")).to_have_count(1)


def test_the_class_is_that_of_the_next_box_and_of_the_selection(editor, item):
    editor.keys("2")
    editor.draw(100, 100, 50, 50)
    editor.keys("1")  # for the next box: what was just drawn stays a car
    editor.draw(300, 100, 50, 50)
    editor.expect_saved()
    names = {row.geometry["x"] // 100: row.label.name for row in Annotation.objects.filter(item=item)}
    assert [names[key] for key in sorted(names)] == ["car", "person"]
    editor.keys("v")
    editor.click(125, 125)
    editor.keys("1")
    editor.expect_saved()
    assert set(Annotation.objects.filter(item=item).values_list("label__name", flat=True)) == {"person"}


def test_move_resize_and_nudge(editor):
    editor.draw(100, 100, 80, 60)
    editor.keys("v")
    editor.drag((140, 130), (160, 140))
    assert editor.boxes() == [(120, 110, 80, 60)]
    editor.drag((200, 170), (220, 200))
    assert editor.boxes() == [(120, 110, 100, 90)]
    editor.keys("ArrowRight", "ArrowRight", "Shift+ArrowDown", "Control+ArrowRight")
    editor.page.wait_for_function("() => frameloop.editor.drafts.size === 0")
    assert editor.boxes() == [(122, 120, 101, 90)]
    editor.expect_saved()
    editor.keys("Control+z")
    assert editor.boxes() == [(120, 110, 100, 90)]


def test_a_shape_stays_in_the_picture(editor):
    editor.draw(500, 400, 500, 500)
    assert editor.boxes() == [(500, 400, 140, 80)]
    editor.keys("v")
    editor.drag((560, 440), (20, 20))
    assert editor.boxes() == [(0, 0, 140, 80)]


def test_several_shapes_by_marquee_and_by_tab(editor):
    for x in (60, 180, 300):
        editor.draw(x, 100, 60, 60)
    editor.keys("v")
    editor.page.keyboard.down("Alt")
    editor.drag((50, 90), (250, 170))
    editor.page.keyboard.up("Alt")
    expect(editor.page.locator("#objects [aria-selected=true]")).to_have_count(2)
    editor.keys("Delete")
    assert editor.boxes() == [(300, 100, 60, 60)]
    editor.keys("Control+z")
    editor.keys("Escape", "Tab", "Tab")
    expect(editor.page.locator("#objects [aria-selected=true]")).to_have_count(1)
    assert editor.page.evaluate("document.activeElement.id") == "stage"
    editor.keys("Tab", "Tab")  # after the last shape the next control has its turn
    assert editor.page.evaluate("document.activeElement.id") != "stage"


def test_the_list_mirrors_the_canvas(editor):
    editor.draw(100, 100, 80, 60)
    editor.draw(300, 100, 80, 60)
    editor.expect_shapes(2)
    rows = editor.page.locator("#objects [role=option]")
    rows.first.click()
    assert editor.page.evaluate("frameloop.editor.selected().length") == 1
    editor.page.locator("#objects [role=listbox]").press("ArrowDown")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    editor.page.locator("#objects [role=listbox]").press("Delete")
    editor.expect_shapes(1)


def test_wheel_and_space_move_the_view_and_not_the_work(editor):
    editor.draw(100, 100, 80, 60)
    editor.page.mouse.move(*editor.at(320, 240))
    before = editor.at(320, 240)
    editor.page.mouse.wheel(0, -400)
    assert editor.page.evaluate("frameloop.editor.view.scale") > 1.5
    assert editor.at(320, 240) == pytest.approx(before, abs=0.6)
    editor.page.keyboard.down("Space")
    editor.drag((320, 240), (340, 260))
    editor.page.keyboard.up("Space")
    assert editor.at(320, 240) != pytest.approx(before, abs=5)
    assert editor.boxes() == [(100, 100, 80, 60)]
    editor.keys("f")
    editor.keys("z")
    assert editor.page.evaluate("frameloop.editor.view.scale") == pytest.approx(1)


def test_suggestions_are_accepted_and_refused_with_one_key(desk, item, alice):
    suggest(item, alice, [(40, 40, 60, 60), (150, 40, 60, 60), (260, 40, 60, 60), (370, 40, 60, 60)])
    editor = EditorPage(desk(alice), item)
    editor.expect_shapes(4)
    editor.keys("v")
    editor.click(70, 70)
    editor.keys("Enter")  # accepts it and goes on to the next one
    editor.keys("Delete")
    editor.expect_shapes(3)
    editor.expect_saved()
    assert sorted(Annotation.objects.filter(item=item, deleted=False).values_list("source", flat=True)) == [
        "human",
        "model",
        "model",
    ]
    editor.page.get_by_role("button", name="Accept all 2").click()
    editor.expect_saved()
    assert not Annotation.objects.filter(item=item, deleted=False, source="model").exists()


def test_a_suggestion_that_is_edited_is_accepted(desk, item, alice):
    suggest(item, alice, [(40, 40, 60, 60)])
    editor = EditorPage(desk(alice), item)
    editor.expect_shapes(1)
    editor.keys("v")
    editor.drag((70, 70), (170, 70))
    editor.expect_saved()
    assert Annotation.objects.get(item=item).source == "human"


def test_a_viewer_sees_and_changes_nothing(desk, item, team, alice):
    viewer = User.objects.create_user("vera@example.org", "a long enough password", name="Vera")
    Membership.objects.create(team=team, user=viewer, role=Role.VIEWER)
    hers, watching = EditorPage(desk(alice), item), EditorPage(desk(viewer), item)
    expect(watching.page.get_by_text("Read only")).to_be_visible()
    hers.draw(100, 100, 80, 60)
    watching.expect_shapes(1)
    watching.keys("b")
    watching.drag((300, 100), (380, 160))
    watching.keys("v")
    watching.drag((140, 130), (240, 130))
    watching.keys("Delete")
    expect(watching.page.locator("#hint")).to_contain_text("viewer")
    assert watching.boxes() == hers.boxes() == [(100, 100, 80, 60)]
    button = watching.page.locator("[data-command=tool-box]")
    expect(button).to_have_attribute("aria-disabled", "true")


def test_a_stranger_gets_404_and_a_guest_the_sign_in_page(client, item, charlie):
    address = f"/items/{item.pk}/"
    answer = client.get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")
    client.force_login(charlie)
    assert client.get(address).status_code == 404


def test_it_works_without_a_secure_origin(desk, item, alice):
    """Plain http in a local network: no crypto.randomUUID, no locks; and with storage switched off, no IndexedDB."""
    seat = desk(alice)
    seat.context.add_init_script(
        """delete Crypto.prototype.randomUUID;
        Object.defineProperty(Navigator.prototype, "locks", {value: undefined});
        Object.defineProperty(window, "indexedDB", {value: undefined});"""
    )
    editor = EditorPage(seat, item)
    assert (
        editor.page.evaluate("[typeof crypto.randomUUID, typeof indexedDB, typeof navigator.locks]")
        == ["undefined"] * 3
    )
    editor.draw(100, 100, 80, 60)
    editor.expect_saved()
    assert Annotation.objects.filter(item=item).count() == 1


def test_fingers_draw_with_one_and_zoom_with_two(desk, item, alice):
    editor = EditorPage(desk(alice, has_touch=True), item)
    hand = editor.page.context.new_cdp_session(editor.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", editor.at(100, 100))
    touch("touchMove", editor.at(180, 160))
    touch("touchEnd")
    assert editor.boxes() == [(100, 100, 80, 60)]

    before = editor.page.evaluate("frameloop.editor.view.scale")
    x, y = editor.at(320, 240)
    touch("touchStart", (x - 50, y), (x + 50, y))
    touch("touchMove", (x - 100, y), (x + 100, y))
    touch("touchEnd")
    assert editor.page.evaluate("frameloop.editor.view.scale") == pytest.approx(2 * before, rel=0.02)
    assert editor.at(320, 240) == pytest.approx((x, y), abs=2)
    assert len(editor.boxes()) == 1


def test_an_approved_item_is_closed_for_annotators(desk, item, bob):
    item.state = "approved"
    item.save(update_fields=["state"])
    editor = EditorPage(desk(bob), item)
    expect(editor.page.get_by_text("Read only")).to_be_visible()
    editor.keys("b")
    editor.drag((300, 100), (380, 160))
    expect(editor.page.locator("#hint")).to_contain_text("approved")
    assert editor.boxes() == []


def test_every_control_has_a_name_and_the_help_lists_the_keys(editor):
    nameless = editor.page.evaluate(
        """() => [...document.querySelectorAll("button, a[href], input, [tabindex='0'], [role=option]")]
        .filter((each) => each.offsetParent !== null)
        .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim() || each.title))
        .map((each) => each.outerHTML)"""
    )
    assert nameless == []
    small = editor.page.evaluate(
        """() => [...document.querySelectorAll("button, input")].filter((each) => each.offsetParent !== null)
        .filter((each) => Math.min(each.offsetWidth, each.offsetHeight) < 24).map((each) => each.outerHTML)"""
    )
    assert small == []
    editor.keys("?")
    dialog = editor.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Undo your own last edit")
    editor.keys("Escape")
    expect(dialog).to_be_hidden()
