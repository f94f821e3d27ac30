"""PostgreSQL and Redis from wheels: they start, recover from a kill, and stay out of each other's way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from config import embedded

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data():
    """A data folder whose parents other users may pass through, as a server without root's rights must."""
    folder = Path(tempfile.mkdtemp(prefix="frameloop-embedded-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def start(data: Path) -> tuple[embedded.Server, embedded.Server]:
    return embedded.start_postgres(data), embedded.start_redis(data)


def ask_both(postgres: embedded.Server, redis_server: embedded.Server) -> tuple[int, bytes | None]:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS visits (n int)")
        connection.execute("INSERT INTO visits VALUES (1)")
        rows = connection.execute("SELECT count(*) FROM visits").fetchone()
    with redis.Redis.from_url(redis_server.url) as client:
        client.rpush("queue", "job")
        return rows[0], client.llen("queue")


def test_what_was_stored_is_there_after_a_stop_and_a_start(data):
    for visit in (1, 2):
        postgres, redis_server = start(data)
        try:
            assert ask_both(postgres, redis_server) == (visit, visit)
        finally:
            redis_server.stop()
            postgres.stop()
        assert postgres.process.returncode is not None
        assert redis_server.process.returncode is not None


def test_the_database_has_the_name_that_was_asked_for(data):
    server = embedded.start_postgres(data, name="other")
    try:
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("other",)
    finally:
        server.stop()


def run_and_kill(data: Path) -> list[int]:
    """Start both servers from another process, write to them, and kill that process. Returns the servers' pids."""
    code = f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from config import embedded
        postgres, cache = embedded.start_postgres(Path({str(data)!r})), embedded.start_redis(Path({str(data)!r}))
        import redis
        redis.Redis.from_url(cache.url).rpush("queue", "job")
        print(postgres.process.pid, cache.process.pid, flush=True)
        sys.stdin.read()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        process.kill()
    return pids


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_the_servers_end_with_a_killed_parent_and_start_again(data):
    pids = run_and_kill(data)
    for pid in pids:
        embedded._wait_for_end(pid, grace=20)
        assert not psutil.pid_exists(pid)
    postgres, redis_server = start(data)
    try:
        assert ask_both(postgres, redis_server) == (1, 2), "the queue was kept"
    finally:
        redis_server.stop()
        postgres.stop()


def test_a_server_left_running_on_the_folder_is_stopped_first(data):
    old_postgres, old_redis = start(data)
    postgres, redis_server = start(data)
    try:
        assert old_postgres.process.wait(10) is not None
        assert old_redis.process.wait(10) is not None
        assert ask_both(postgres, redis_server) == (1, 1)
    finally:
        redis_server.stop()
        postgres.stop()


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_hindrance(data):
    server = embedded.start_postgres(data)
    server.process.send_signal(signal.SIGQUIT)  # at once, as in a crash
    server.process.wait(10)
    pid_file = embedded.postgres_folder(data) / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{embedded.postgres_folder(data)}\n1\n5432\n/tmp\n\n  1 1\nready\n")
    again = embedded.start_postgres(data)
    try:
        with psycopg.connect(again.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        again.stop()


def test_a_stale_redis_socket_is_no_hindrance(data):
    server = embedded.start_redis(data)
    server.process.kill()
    server.process.wait(10)
    assert (embedded.socket_folder(data) / "redis.sock").exists()
    again = embedded.start_redis(data)
    try:
        with redis.Redis.from_url(again.url) as client:
            assert client.ping()
    finally:
        again.stop()


def test_two_data_folders_never_meet(data):
    first, second = start(data / "one"), start(data / "two")
    try:
        assert ask_both(*first) == (1, 1)
        assert ask_both(*second) == (1, 1)
    finally:
        for server in (*first, *second):
            server.stop()


def test_a_path_too_long_for_a_socket_gets_its_sockets_elsewhere(data):
    deep = data / ("x" * 60) / ("y" * 60)
    assert not embedded.postgres_runs(deep)
    postgres, redis_server = start(deep)
    try:
        assert embedded.postgres_runs(deep)
        assert ask_both(postgres, redis_server) == (1, 1)
    finally:
        redis_server.stop()
        postgres.stop()
        shutil.rmtree(embedded.socket_folder(deep))
        shutil.rmtree(embedded._postgres_sockets(deep))


def test_other_users_may_pass_through_the_folders_but_not_list_them(data):
    private = data / "private"
    private.mkdir(mode=0o700)
    server = embedded.start_postgres(private)
    try:
        assert private.stat().st_mode & 0o066 == 0
        assert embedded.postgres_folder(private).stat().st_mode & 0o077 == 0
    finally:
        server.stop()


def test_a_broken_folder_gives_a_sentence_with_the_servers_own_words(data):
    folder = embedded.postgres_folder(data)
    folder.mkdir()
    (folder / "PG_VERSION").write_text("9\n")
    with pytest.raises(embedded.EmbeddedError, match="PostgreSQL did not start in"):
        embedded.start_postgres(data, wait=5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_it_starts_as_an_ordinary_user_too(data):
    data.chmod(0o777)
    code = f"""
        import os, sys
        os.setgid(65534); os.setuid(65534)
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from config import embedded
        postgres, cache = embedded.start_postgres(Path({str(data)!r})), embedded.start_redis(Path({str(data)!r}))
        import psycopg
        with psycopg.connect(postgres.url) as connection:
            print(connection.execute("SELECT 40 + 2").fetchone()[0])
        cache.stop(); postgres.stop()
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    if "No module named" in done.stderr or "Permission denied: '" + sys.prefix in done.stderr:
        pytest.skip("this environment's libraries are not readable to other users")
    assert done.stdout.strip() == "42", done.stderr


def test_the_wait_for_an_end_gives_up_with_force():
    process = subprocess.Popen(
        [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"]
    )
    time.sleep(0.3)
    embedded._wait_for_end(process.pid, grace=0.2)
    assert not psutil.pid_exists(process.pid)
    process.wait(5)
