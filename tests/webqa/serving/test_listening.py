"""Where something is served, as it is told."""

import pytest

from env.errors import ConfigError
from webqa.serving.listening import announce, listening


@pytest.mark.parametrize(
    ("names", "https", "told"),
    [
        ((), False, "http://127.0.0.1:{port} (Ctrl-C"),
        (("rate.example",), True, "https://rate.example (here port {port}; Ctrl-C"),
        (("rate.example", "::1"), False, "http://rate.example:{port}, http://[::1]:{port} (Ctrl-C"),
        (("rate.example:80",), False, "http://rate.example:80 (Ctrl-C"),
    ],
)
def test_it_is_told_by_the_names_that_others_know(capsys, names, https, told):
    with listening("127.0.0.1", 0) as one:
        announce("a page", one, names, https=https)
        port = one.getsockname()[1]
    assert f"Serving a page at {told.format(port=port)}" in capsys.readouterr().err


def test_that_a_port_is_taken_is_told_once():
    with listening("127.0.0.1", 0) as one:
        port = one.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port} \(Address already in use\): give"):
            listening("127.0.0.1", port)
