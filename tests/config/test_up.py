"""What `manage.py up` makes sure of before anything runs, and whole copies of Frameloop."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import psutil
import pytest

from config import up
from config.services import DEFAULT_SERVER
from tests.processes import ROOT, free_port


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_second_start_on_the_same_folder_is_told_of_the_first(tmp_path):
    with (
        up.the_only_one(tmp_path, "http://127.0.0.1:8000"),
        pytest.raises(up.CannotStart, match=rf"already running here \(process {os.getpid()}, http://127.0.0.1:8000\)"),
        up.the_only_one(tmp_path, "http://127.0.0.1:9000"),
    ):
        pass


def test_two_folders_have_two_locks(tmp_path):
    with up.the_only_one(tmp_path / "a", "x"), up.the_only_one(tmp_path / "b", "y"):
        assert (tmp_path / "b" / "frameloop.lock").read_text() == f"{os.getpid()} y\n"


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "from pathlib import Path; from config import up\n"
        f"with up.the_only_one(Path({str(tmp_path)!r}), 'x'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(up.CannotStart), up.the_only_one(tmp_path, "y"):
            pass
        process.kill()
    with up.the_only_one(tmp_path, "y"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(up.CannotStart, match="cannot be written to"), up.the_only_one(tmp_path / "data", "x"):
        pass


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(up.CannotStart, match="cannot be written to"), up.the_only_one(tmp_path / "data", "x"):
        pass


def test_a_taken_port_is_told_with_its_owner(taken_port):
    with pytest.raises(up.CannotStart, match=rf"Port {taken_port} is taken by .*\(process {os.getpid()}\)"):
        up.check_port("127.0.0.1", taken_port)


def test_a_free_port_passes():
    up.check_port("127.0.0.1", free_port())


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_is_refused(host):
    with pytest.raises(up.CannotStart):
        up.check_port(host, 8000)


def test_what_a_killed_run_left_is_ended_and_a_stranger_with_its_number_is_not(tmp_path):
    command = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    left, stranger = subprocess.Popen(command), subprocess.Popen(command)
    try:
        up.note_processes(tmp_path, {"web": left.pid, "worker": stranger.pid})
        file = tmp_path / "frameloop.processes.json"
        rows = json.loads(file.read_text())
        rows["worker"][1] -= 1000  # the pid was given away again since
        file.write_text(json.dumps(rows))
        assert up.end_leftovers(tmp_path) == ["web"]
        assert left.wait(10) is not None
        assert stranger.poll() is None
    finally:
        for process in (left, stranger):
            process.kill()
            process.wait()


def test_without_a_record_nothing_is_left_over(tmp_path):
    assert up.end_leftovers(tmp_path) == []
    (tmp_path / "frameloop.processes.json").write_text("{broken")
    assert up.end_leftovers(tmp_path) == []


def test_browsers_on_other_machines_may_name_this_one_only_when_it_listens_to_them():
    assert up.allowed_hosts("127.0.0.1") == ["127.0.0.1", "localhost", "[::1]"]
    assert socket.gethostname() in up.allowed_hosts("0.0.0.0")
    assert "10.1.2.3" in up.allowed_hosts("10.1.2.3")
    assert "[fd00::1]" in up.allowed_hosts("fd00::1")
    assert "*" not in up.allowed_hosts("*")


def test_the_address_of_a_host_with_colons_has_brackets():
    assert up.Options(host="::1", port=80).address == "http://[::1]:80"


def test_static_files_are_gathered_when_they_changed_and_only_then(tmp_path, settings):
    settings.STATIC_ROOT = tmp_path / "static"
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.css").write_text("a {}")
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    from django.contrib.staticfiles.finders import get_finder

    get_finder.cache_clear()
    try:
        assert up.collect_static(tmp_path) is True
        assert up.collect_static(tmp_path) is False
        (source / "page.css").write_text("a { color: red }")
        get_finder.cache_clear()
        assert up.collect_static(tmp_path) is True
        assert any(re.fullmatch(r"page\.[0-9a-f]{12}\.css", path.name) for path in (tmp_path / "static").iterdir())
    finally:
        get_finder.cache_clear()


def test_what_nobody_foresaw_ends_in_a_sentence_and_its_traceback_in_a_log(tmp_path, settings, monkeypatch, capsys):
    settings.DATA_DIR = tmp_path

    def broken(options):
        raise RuntimeError("the belt is torn\nand more")

    monkeypatch.setattr(up, "up", broken)
    assert up.main(up.Options()) == 1
    said = capsys.readouterr().err
    assert said.startswith("Frameloop could not start: the belt is torn (")
    assert "Traceback" not in said
    assert "Traceback" in (tmp_path / "logs" / "up.log").read_text()


class Copy:
    """A whole Frameloop in a data folder of its own."""

    def __init__(self) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="frameloop-up-"))
        self.data.chmod(0o755)
        self.port = free_port()
        self.lines: list[str] = []
        self.process = self.launch()

    def launch(self) -> subprocess.Popen[str]:
        command = [sys.executable, "manage.py", "up", "--no-demo", "--port", str(self.port), "--data", str(self.data)]
        ours = ("DATABASE_URL", "REDIS_URL", "FRAMELOOP_DATA", "FRAMELOOP_EMBEDDED", "READY_WORKERS", "ALLOWED_HOSTS")
        env = {name: value for name, value in os.environ.items() if name not in ours}
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if line == f"Frameloop is ready at http://127.0.0.1:{self.port}\n":
                return
        raise AssertionError("".join(self.lines))

    def ready(self) -> dict:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as answer:
            return json.load(answer)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def web(self) -> list[int]:
        """The web server's pid, if one runs."""
        found = []
        for process in self.family():
            with contextlib.suppress(psutil.Error):
                found += [process.pid] if DEFAULT_SERVER in process.cmdline() else []
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        subprocess.run(["rm", "-rf", str(self.data)], check=False)


@pytest.mark.slow
def test_two_copies_run_side_by_side_and_each_ends_alone(until):
    one, two = Copy(), Copy()
    try:
        one.wait_until_ready()
        two.wait_until_ready()
        assert one.ready()["status"] == two.ready()["status"] == "ready"
        assert one.ready()["checks"]["training"] == "ok"

        again = one.launch()
        said, _ = again.communicate(timeout=60)
        assert again.returncode == 1
        assert f"already running here (process {one.process.pid}, http://127.0.0.1:{one.port})" in said
        assert "Traceback" not in said

        family, others = one.family(), two.family()
        assert len(family) >= 8
        one.process.terminate()
        assert one.process.wait(60) == 0
        assert not [process for process in family if process.is_running() and process.status() != "zombie"]
        assert all(process.is_running() for process in others)

        before = two.web()
        psutil.Process(before[0]).kill()
        until(lambda: two.web() not in ([], before), 60)

        others = two.family()
        two.process.kill()  # nobody is left to stop them
        two.process.wait()
        two.process.stdout.close()
        until(lambda: not [each for each in others if each.is_running() and each.status() != "zombie"], 60)
        two.process = two.launch()
        two.wait_until_ready()
        two.process.terminate()
        assert two.process.wait(60) == 0
    finally:
        one.end()
        two.end()
