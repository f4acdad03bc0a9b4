"""A page of another origin, in the same browser, before the whole rating page."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from tests.webqa.rating.served_pages import a_task
from webqa.rating.store.tables import Assignment

pytestmark = pytest.mark.slow
SOCKET = """(address) => new Promise((done) => {
  const socket = new WebSocket(address);
  socket.onopen = () => done("opened");
  socket.onerror = () => done("refused");
})"""


class Foreign(BaseHTTPRequestHandler):
    """A page that forbids itself nothing."""

    def do_GET(self):
        """Give an empty page."""
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Foreign</title>")

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def foreign_page():
    """Serve it at another port, which is another origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Foreign) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.fixture
def foreign(browser):
    """A page of another origin; what it is refused it may complain of."""
    with foreign_page() as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(address)
        yield page


@pytest.mark.parametrize(
    ("name", "status"), [("127.0.0.1", "403"), ("localhost", "403"), ("rebound.example", "421")]
)
def test_a_socket_of_a_foreign_page_is_refused(live, foreign, name, status):
    served, told = live([a_task()]), []
    foreign.on("websocket", lambda one: one.on("socketerror", lambda error: told.append(error)))
    address = served.address.replace("http", "ws").replace("127.0.0.1", name)
    assert foreign.evaluate(SOCKET, f"{address}/task/x") == "refused"
    assert status in told[0], "by the server, which was asked"


def test_a_form_of_a_foreign_page_does_nothing(live, foreign):
    served = live([a_task()])
    foreign.set_content(
        f"<form method=post action={served.address}/campaign/1/next><button>Begin</button></form>"
    )
    foreign.get_by_role("button").click()
    foreign.wait_for_url(f"{served.address}/**")
    assert "pages of another origin are refused" in foreign.content()
    assert not served.all(select(Assignment))


def test_a_name_that_somebody_points_at_this_machine_opens_nothing(live, foreign):
    served = live([a_task()])
    reply = foreign.goto(served.address.replace("127.0.0.1", "rebound.example"))
    assert reply.status == 421
