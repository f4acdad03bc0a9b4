"""Work in processes: they end where their parent does, even when it is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

WORK = """
import os, sys, time
from webqa.processes import in_processes

def work(tasks):
    print(os.getpid(), flush=True)
    time.sleep(60)
    return list(tasks)

if __name__ == "__main__":
    list(in_processes(work, range(32), 2))
"""


def test_processes_end_with_a_parent_that_was_killed(tmp_path):
    """Fails when each kill leaves processes behind that wait for work for ever."""
    script = tmp_path / "work.py"
    script.write_text(WORK)
    path = os.pathsep.join([str(Path.cwd()), *sys.path])
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path}
    ) as parent:
        ours = [int(parent.stdout.readline()) for _ in range(2)]
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        late = time.monotonic() + 20
        while any(map(is_alive, ours)) and time.monotonic() < late:
            time.sleep(0.05)
        assert not any(map(is_alive, ours))


def is_alive(process):
    """Tell whether a process runs; one that has ended may wait for whoever takes note of it."""
    try:
        with Path(f"/proc/{process}/stat").open() as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
