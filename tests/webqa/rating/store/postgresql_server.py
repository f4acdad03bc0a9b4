"""A PostgreSQL server of the tests' own: in a folder that goes away, on a socket in that folder."""

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
TUNED = ("listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=150")


@contextmanager
def server():
    """Run a server and give a function that makes a database and returns its address."""
    if not PROGRAMS:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    programs = PROGRAMS[-1].parent
    # It refuses to run as root. Its socket's path must be short, so it is not in tmp_path.
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if user:
        shutil.chown(folder, "postgres")
    data, log = folder / "data", folder / "log"
    made = [programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "-N"]
    subprocess.run([*made, "--locale=C.UTF-8"], check=True, capture_output=True, cwd="/", **user)
    options = [part for option in TUNED for part in ("-c", option)]
    with log.open("wb") as told:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *options],
            stdout=told,
            stderr=told,
            cwd="/",
            **user,
        )
    try:
        yield databases(folder, process, log)
    finally:
        process.send_signal(2)
        process.wait(30)
        shutil.rmtree(folder)


def databases(folder, process, log):
    """Return a function that makes one empty database after another."""
    import psycopg  # with the slow tests alone

    whole = f"host={folder} user=tester"
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"{whole} dbname=postgres").close()
            break
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
    names = iter(range(1000))

    def make(encoding="UTF8"):
        name = f"test{next(names)}"
        with psycopg.connect(f"{whole} dbname=postgres", autocommit=True) as connection:
            connection.execute(
                f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'"
            )
        return f"postgresql://tester@/{name}?host={folder}"

    return make
