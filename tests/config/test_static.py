"""Collected modules import each other by hashed names, however they hang together."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import find, get_finder
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

from annotations.views.modules import MODULES, VIDEO_MODULES

SCRIPTS = Path(__file__).resolve().parents[2] / "static/js"


@pytest.fixture
def collect(settings, tmp_path):
    """Collects files given by name and returns the folder that they are in then."""

    def run(**files: str):
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        for name, text in files.items():
            (source / f"{name}.js").write_text(text)
        settings.STATICFILES_DIRS = [source]
        settings.STATIC_ROOT = tmp_path / "static"
        settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
        get_finder.cache_clear()
        call_command("collectstatic", interactive=False, verbosity=0)
        return settings.STATIC_ROOT

    yield run
    get_finder.cache_clear()


def hashed(folder, name: str):
    return {path.name: path.read_text() for path in folder.glob(f"{name}.????????????.js")}


def test_modules_that_import_each_other_are_collected(collect):
    folder = collect(a='import { b } from "./b.js";\n', b='import { a } from "./a.js";\n')
    ((a, a_text),) = hashed(folder, "a").items()
    ((b, b_text),) = hashed(folder, "b").items()
    assert f'from "./{b}"' in a_text
    assert f'from "./{a}"' in b_text


def test_a_chain_of_modules_longer_than_djangos_passes_is_collected(collect):
    files = {f"m{n}": f'import {{ x }} from "./m{n + 1}.js";\n' for n in range(12)} | {"m12": "export const x = 1;\n"}
    folder = collect(**files)
    for n in range(12):
        ((_, text),) = hashed(folder, f"m{n}").items()
        (imported,) = re.findall(r'"\./(.+)"', text)
        assert (folder / imported).exists()


def test_a_change_of_one_module_renames_those_that_import_it(collect):
    before = hashed(collect(a='import { b } from "./b.js";\n', b="export const b = 1;\n"), "a")
    after = hashed(collect(b="export const b = 2;\n"), "a")
    assert len(after) == 2 and set(before) < set(after)


def test_comments_are_left_out_and_a_compressed_copy_lies_beside(collect):
    kept = "const nested = `a ${b ? ` ${c}` : `/* ${d} */`}`;\n"
    text = f"/** A long\n * story. */\n{kept}  // a line\nconst e = /** @type {{any}} */ (f);\n"
    folder = collect(a=text)
    ((name, served),) = hashed(folder, "a").items()
    assert served == f"{kept}const e = (f);\n"
    assert gzip.decompress((folder / f"{name}.gz").read_bytes()).decode() == served
    assert hashed(collect(a=text), "a") == {name: served}


def needed(name: str, found: set[str]) -> set[str]:
    """The modules that one imports before it runs, with its own name."""
    if name not in found:
        found.add(name)
        path = SCRIPTS / name
        for other in re.findall(r'^(?:import|export|\}) ?[^"\n;]*?from "([^"]+)";', path.read_text(), re.MULTILINE):
            needed(str((path.parent / other).resolve().relative_to(SCRIPTS)), found)
    return found


def test_the_editor_is_light_and_its_page_names_all_modules_that_it_starts_with(collect, settings):
    modules = needed("editor/main.js", set())
    assert modules == {"editor/main.js", *MODULES}
    assert needed("editor/video.js", set()) - modules == set(VIDEO_MODULES)
    collect()
    settings.STATICFILES_DIRS = [SCRIPTS.parent]
    call_command("collectstatic", interactive=False, verbosity=0)
    folder = settings.STATIC_ROOT / "js"
    sizes = [next(folder.glob(f"{name.removesuffix('.js')}.????????????.js.gz")).stat().st_size for name in modules]
    assert len(sizes) <= 36 and sum(sizes) <= 65 * 1024, f"{len(sizes)} modules, {sum(sizes)} bytes over the wire"


def test_a_file_that_was_not_collected_keeps_its_plain_name():
    assert staticfiles_storage.url("nobody/knows.js").endswith("/static/nobody/knows.js")


def test_pages_that_name_no_icon_get_the_one_there_is(client):
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer["Location"]) == (302, "/static/favicon.svg")
    assert "max-age" in answer["Cache-Control"]
    assert find("favicon.svg")
