"""A server for the browser tests, at a free port of this machine, on a clock that passes."""

import threading
import time
from contextlib import contextmanager

from tests.webqa.rating.served_pages import Clock
from webqa.cli.rate_serve import server
from webqa.serving.listening import listening


class Now(Clock):
    """The time as it passes, and what was added to it."""

    def __init__(self):
        super().__init__()
        self._begun = time.monotonic()

    def __call__(self):
        passed, self._begun = time.monotonic() - self._begun, time.monotonic()
        self.wait(seconds=passed)
        return self.time


@contextmanager
def served_live(served):
    """Serve an application and its database; where it is, is `served.address`."""
    with listening("127.0.0.1", 0) as socket:
        served.address = f"http://127.0.0.1:{socket.getsockname()[1]}"
        running = server(served.application)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [socket]})
        thread.start()
        try:
            yield served
        finally:
            running.should_exit = True
            thread.join()
            served.store.close()
