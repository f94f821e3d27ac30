"""The supervisor with real, light processes."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import psutil
import pytest

from config.supervisor import Supervisor, wait_for_end

ROOT = Path(__file__).resolve().parents[2]
SLEEP = "import time; print('up'); time.sleep(600)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
WITH_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def supervise(tmp_path):
    """Makes supervisors that are stopped at the end."""
    made = []

    def make(*services, **options):
        supervisor = Supervisor(list(services), tmp_path / "logs", out=io.StringIO(), **options)
        made.append(supervisor)
        supervisor.start()
        return supervisor

    yield make
    for supervisor in made:
        supervisor.stop()


def said(supervisor: Supervisor) -> str:
    return supervisor._printer.output.getvalue()


def lines(folder: Path, name: str) -> list[dict]:
    path = folder / "logs" / f"{name}.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_crash_is_told_and_the_process_starts_again(supervise, script, until):
    supervisor = supervise(script("shaky", "raise SystemExit(3)"), back_off=0.05)
    until(lambda: said(supervisor).count("shaky ended (exit code 3)") >= 3)


def test_the_waits_between_restarts_grow(supervise, script, until):
    supervisor = supervise(script("shaky", "raise SystemExit(3)"), back_off=0.05)
    until(lambda: "starting it again in 0.2 s" in said(supervisor))
    told = said(supervisor)
    waits = [line.partition("starting it again in ")[2].split()[0] for line in told.splitlines()]
    assert waits[:3] == ["0.05", "0.1", "0.2"]


def test_the_reason_of_a_crash_is_told_in_its_last_words(supervise, script, until):
    supervisor = supervise(script("shaky", "raise ValueError('no such camera')"), back_off=0.05)
    until(lambda: "ValueError: no such camera" in said(supervisor))


def test_a_warning_on_the_way_out_is_not_taken_for_the_reason(supervise, script, until):
    code = """
import atexit, warnings
atexit.register(warnings.warn, "the setting is gone in the next version", FutureWarning)
raise ValueError("no such camera")
"""
    supervisor = supervise(script("shaky", code), back_off=0.05)
    until(lambda: "shaky ended (exit code 1): ValueError: no such camera" in said(supervisor))


def test_a_killed_process_is_replaced_and_the_others_stay(supervise, script, until):
    supervisor = supervise(script("one", SLEEP), script("two", SLEEP), back_off=0.05)
    until(lambda: len(supervisor.pids()) == 2)
    before = supervisor.pids()
    psutil.Process(before["one"]).kill()
    until(lambda: supervisor.pids().get("one") not in (None, before["one"]))
    assert supervisor.pids()["two"] == before["two"]
    assert "one was killed" in said(supervisor)


def test_a_stop_ends_all_even_the_deaf_and_their_children_and_nobody_else(supervise, script, until, tmp_path):
    stranger = subprocess.Popen([sys.executable, "-S", "-c", SLEEP], stdout=subprocess.DEVNULL)
    supervisor = supervise(script("deaf", DEAF, grace=0.3), script("parent", WITH_CHILD), script("plain", SLEEP))
    until(lambda: lines(tmp_path, "deaf") and lines(tmp_path, "plain") and lines(tmp_path, "parent"))
    grandchild = int(lines(tmp_path, "parent")[0]["event"])
    pids = [*supervisor.pids().values(), grandchild]
    assert len(pids) == 4
    supervisor.stop()
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)
    assert stranger.poll() is None
    assert "deaf did not stop" in said(supervisor)
    stranger.kill()
    stranger.wait()


def test_the_dead_whom_nobody_buries_are_not_waited_for():
    with (
        subprocess.Popen([sys.executable, "-S", "-c", ""]) as dead,
        subprocess.Popen([sys.executable, "-S", "-c", SLEEP], stdout=subprocess.DEVNULL) as alive,
    ):
        family = [psutil.Process(dead.pid), psutil.Process(alive.pid)]
        while family[0].status() != psutil.STATUS_ZOMBIE:
            pass
        assert wait_for_end(family[:1], 300) == []
        assert wait_for_end(family, 0) == family[1:]
        alive.kill()


def test_a_crashed_process_leaves_no_children_of_its_group_behind(supervise, script, until, tmp_path):
    code = WITH_CHILD.replace(", start_new_session=True", "").replace("time.sleep(600)\n", "raise SystemExit(1)\n")
    code = code.replace("import time; raise SystemExit(1)\n", "import time; time.sleep(600)")
    supervisor = supervise(script("parent", code), back_off=5)
    until(lambda: "parent ended" in said(supervisor))
    grandchild = int(lines(tmp_path, "parent")[0]["event"])
    until(lambda: not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == "zombie")


def test_a_program_that_is_not_there_is_told_and_tried_again(supervise, until, script):
    service = script("ghost", "")
    missing = type(service)("ghost", ("/nonexistent/program",))
    supervisor = supervise(missing, back_off=0.05)
    until(lambda: said(supervisor).count("could not be started") >= 2)


def test_logs_are_json_whatever_the_process_writes(supervise, script, until, tmp_path):
    code = """
import json, time
print(json.dumps({"event": "Trained", "level": "info", "logger": "training.runner", "map50": 0.5}))
print("a plain line")
print("{broken json")
time.sleep(600)
"""
    supervisor = supervise(script("talker", code))
    until(lambda: len(lines(tmp_path, "talker")) == 3)
    assert [line["event"] for line in lines(tmp_path, "talker")] == ["Trained", "a plain line", "{broken json"]
    until(lambda: "Trained (map50=0.5)" in said(supervisor))
    assert "a plain line" not in said(supervisor)


def test_a_stop_during_the_wait_before_a_restart_returns_at_once(supervise, script, until):
    supervisor = supervise(script("shaky", "raise SystemExit(3)"), back_off=30)
    until(lambda: "shaky ended" in said(supervisor))
    stopper = threading.Thread(target=supervisor.stop)
    stopper.start()
    stopper.join(10)
    assert not stopper.is_alive()
    assert supervisor.pids() == {}


PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from config.supervisor import Service, Supervisor, run_until_signalled
sleep = (sys.executable, "-S", "-c", "import time; time.sleep(600)")
supervisor = Supervisor([Service("one", sleep), Service("two", sleep)], Path({logs!r}))
def tell(running):
    import time
    while len(running.pids()) < 2:
        time.sleep(0.01)
    print("pids", *running.pids().values(), flush=True)
run_until_signalled(supervisor, tell)
"""


@pytest.fixture
def program(tmp_path):
    """A supervisor in a process of its own, and the pids of its two children."""
    code = textwrap.dedent(PROGRAM.format(root=str(ROOT), logs=str(tmp_path / "logs")))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("pids"):
                break
        yield process, [int(word) for word in line.split()[1:]]
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_stopping_signal_ends_all_with_exit_status_0(program, number):
    process, pids = program
    process.send_signal(number)
    assert process.wait(20) == 0
    assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_killed_supervisor_leaves_nothing_running(program, until):
    process, pids = program
    process.kill()
    until(lambda: not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids))
