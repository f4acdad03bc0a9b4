"""What happens in each hostile case, beside the plain pattern: makes docs/faults.md.

    python -m benchmarks.faults [--seconds 20] [--group bomb] [--ours] [-o docs/faults.md]

Plays every case of tests/hostile/cases.py against the hostile server on loopback, each in a fresh
process: once with the fetcher and the converters, once with `requests.get(url, timeout=20).text`,
which this script alone needs (`pip install requests`). Measured are the seconds of the fetch and
by how much the resident memory of the fetching process grew at its highest; converting workers
are counted apart. The plain pattern is ended after 40 seconds, and may map 2 GB.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import importlib
import json
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from env.errors import Reason
from env.web.conversion import LIVE, Converters
from env.web.fetch.config import FetchConfig
from tests.hostile.case import SITE, Case, expects, name_of
from tests.hostile.cases import CASES, REFUSED
from tests.hostile.names import SILENT, Names, is_address, is_public, local_port
from tests.hostile.playing import Stage
from tests.hostile.process import ROOT, hostile_server
from tests.hostile.server import Ports

BOMB = 300_000_000
PLAIN_TIMEOUT = 20.0
PLAIN_SECONDS = 40.0
PLAIN_BYTES = 2_000_000_000
SLOW_NAME_SERVER = 30.0
MOST_GROWTH = 32.0
"""Megabytes that a bomb may cost the fetching process."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a case in one process."""

    outcome: str
    reason: Reason = ""
    seconds: float = 0.0
    growth: float = 0.0
    """Megabytes."""
    inside: bool = False
    """Whether something was connected to that should never have been."""
    worker: float = 0.0
    """Megabytes of the largest worker."""


def megabytes(field: str, process: str = "self") -> float:
    """Return a field of a process's memory as Linux tells it."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith(field)), 0.0)


def begin() -> float:
    """Forget the highest memory so far; print and return what is used now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    used = megabytes("VmRSS")
    print(json.dumps(used), flush=True)
    return used


async def play_ours(case: Case, ports: Ports, seconds: float) -> Measured:
    """Play a case with the fetcher and the converters."""
    converters = Converters(1)
    config = FetchConfig(contact="faults@hostile.test", fetch_seconds=seconds, host_delay=0.0)
    stage = Stage(ports, converters, config)
    try:
        await stage.play(Case("warm", "document", f"{SITE}/page"))
        await stage.play(Case("warm", "tls", "https://hostile.test/gzip"))
        before = begin()
        played = await stage.play(case)
        growth = megabytes("VmHWM") - before
    finally:
        await converters.aclose()
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    inside = bool(played.forbidden)
    return Measured(played.outcome, played.reason, played.seconds, growth, inside, worker)


def play_plain(case: Case, ports: Ports) -> Measured:
    """Play a case with the plain pattern, on a network where every address is loopback."""
    try:
        requests = importlib.import_module("requests")
    except ImportError:
        sys.exit("the plain pattern needs requests: pip install requests, or give --ours")
    connection = importlib.import_module("urllib3.util.connection")
    names, reached = Names(), list[str]()

    def connect(
        address: tuple[str, int], timeout: float, *_: object, **__: object
    ) -> socket.socket:
        host, port = address
        if host.startswith("mute-name"):
            time.sleep(SLOW_NAME_SERVER)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        found = next(filter(is_address, names.look_up(host)), "")
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        reached.append(found)
        if found == SILENT:
            time.sleep(timeout)
            raise TimeoutError
        return socket.create_connection(("127.0.0.1", local_port(ports, found, port)), timeout)

    setattr(connection, "create_connection", connect)  # noqa: B010
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as authority:
        authority.write(ports.authority)
        authority.flush()

        def get(url: str) -> str:
            text: str = requests.get(url, timeout=PLAIN_TIMEOUT, verify=authority.name).text
            return text

        get(f"{SITE}/gzip")
        for url in case.before:
            _outcome_of(get, url)
        before = begin()
        resource.setrlimit(resource.RLIMIT_AS, (PLAIN_BYTES, PLAIN_BYTES))
        started = time.perf_counter()
        outcome = _outcome_of(get, case.url)
        seconds = time.perf_counter() - started
    growth = megabytes("VmHWM") - before
    inside = any(not is_public(address) for address in reached)
    return Measured(outcome, "", seconds, growth, inside)


def _outcome_of(get: Callable[[str], str], url: str) -> str:
    try:
        get(url)
    # A boundary: the plain pattern raises whatever it raises, which is what is measured.
    except Exception as fault:  # noqa: BLE001
        return type(fault).__name__
    return "page"


def measure(way: str, case: Case, ports: Ports, seconds: float) -> Measured:
    """Play a case in a process of its own; end it when it does not end."""
    command = [sys.executable, "-m", "benchmarks.faults", "--play", way, name_of(case)]
    with subprocess.Popen(
        [*command, "--seconds", str(seconds), "--ports", json.dumps(asdict(ports))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            # Converting may take a while after the fetch; the fetch has its own deadline.
            told, faults = process.communicate(
                timeout=PLAIN_SECONDS if way == "plain" else seconds + 60
            )
        except subprocess.TimeoutExpired:
            highest = megabytes("VmHWM", str(process.pid))
            process.kill()
            told, _ = process.communicate()
            lines = told.splitlines()
            used = float(lines[0]) if lines else highest
            return Measured("ended by force", "", PLAIN_SECONDS, highest - used)
    lines = told.splitlines()
    if process.returncode or len(lines) != 2:
        last = (faults.strip().splitlines() or ["nothing was said"])[-1]
        if way == "ours" or process.returncode == 1:
            sys.exit(f"{name_of(case)} could not be measured: {last}")
        return Measured("died")
    return Measured(**json.loads(lines[1]))


def prepare(case: Case, ports: Ports) -> None:
    """Have the server make a large body, so that its making is not counted."""
    if case.group in ("bomb", "document") and case.url.startswith(SITE):
        connection = http.client.HTTPConnection("127.0.0.1", ports.http, timeout=10)
        connection.request("GET", case.url.removeprefix(SITE))
        connection.getresponse().close()
        connection.close()


Row = tuple[Case, Measured, Measured | None]


def rows(ports: Ports, options: argparse.Namespace) -> Iterator[Row]:
    """Measure the cases that were asked for, in the order of the table."""
    chosen = [case for case in CASES if not options.group or case.group in options.group]

    def row(case: Case) -> Row:
        prepare(case, ports)
        ours = measure("ours", case, ports, options.seconds)
        return case, ours, None if options.ours else measure("plain", case, ports, options.seconds)

    with ThreadPoolExecutor(options.jobs) as jobs:
        for case, ours, plain in jobs.map(row, chosen):
            wrong = "" if expects(case, ours.outcome, ours.reason) else "  UNEXPECTED"
            print(f"{name_of(case)}: {_told(ours)} | {_told(plain)}{wrong}", flush=True)
            yield case, ours, plain


def _told(found: Measured | None) -> str:
    if found is None:
        return "not measured"
    return f"{_outcome(found)}, {found.seconds:.1f} s, +{found.growth:.0f} MB"


def _outcome(found: Measured) -> str:
    words = f"{found.outcome} ({found.reason})" if found.reason else found.outcome
    return f"**{words}, from inside**" if found.inside else words


def report(measured: list[Row], seconds: float) -> str:
    """Write the page."""
    parts = [_INTRODUCTION.format(seconds=f"{seconds:g}"), *_summary(measured, seconds)]
    group = ""
    for case, ours, plain in measured:
        if case.group != group:
            group = case.group
            parts += ["", f"## {group}", "", *_HEADING]
        shown = case.name.replace("\\", "\\\\").replace("|", "\\|")
        cells = [shown, *_cells(ours), *(_cells(plain) if plain else ("", "", ""))]
        parts.append(f"| {' | '.join(cells)} |")
    return "\n".join(parts) + "\n"


_INTRODUCTION = """# What happens when the web is hostile

Made by `python -m benchmarks.faults`; do not edit. Every case of tests/hostile/cases.py is played
by a server on loopback, in a fresh process for each: once against the fetcher and the converting
workers of this project, with a deadline of {seconds} seconds, and once against
`requests.get(url, timeout=20).text`. *s* is the time of the fetch, *+MB* by how much the resident
memory of the fetching process grew at its highest; converting comes after the fetch, in workers
that are counted apart and have limits of their own. The network is a stand-in in which every
address leads to this machine; "from inside" means that an address was connected to that is not
public. The plain pattern was ended by force after 40 seconds, and was given 2 GB.
"""
_HEADING = (
    "| case | webqa | s | +MB | requests.get | s | +MB |",
    "|---|---|---:|---:|---|---:|---:|",
)


def _cells(found: Measured) -> tuple[str, str, str]:
    return _outcome(found), f"{found.seconds:.1f}", f"{max(0.0, found.growth):.0f}"


def _summary(measured: list[Row], seconds: float) -> Iterator[str]:
    ours = [(case, found) for case, found, _ in measured]
    right = sum(expects(case, one.outcome, one.reason) for case, one in ours)
    ways = [one for case, one in ours if case.group in REFUSED and case.outcome == "Blocked"]
    bombs = [one.growth for case, one in ours if case.group == "bomb"]
    late = max(one.seconds for _, one in ours) - seconds
    yield f"- {right} of {len(ours)} cases end as they should."
    yield (
        f"- {sum(one.outcome == 'Blocked' and not one.inside for one in ways)} of {len(ways)} "
        "addresses, redirects, names and URLs that lead inside or nowhere are refused; in all "
        f"cases together, {sum(one.inside for _, one in ours)} connected to an address inside."
    )
    yield (
        f"- Memory of the fetching process: at most +{max(bombs, default=0):.0f} MB in "
        f"{len(bombs)} bombs (target: below +{MOST_GROWTH:.0f}), at most "
        f"+{max(one.growth for _, one in ours):.0f} MB in any case. Largest worker: "
        f"{max(one.worker for _, one in ours):.0f} MB (limit: {(LIVE.memory or 0) / 1e6:.0f})."
    )
    yield (
        f"- Longest fetch: {late + seconds:.1f} s (target: within the deadline of {seconds:g} s "
        f"+ 1 s)."
    )
    plain = [(case, one) for case, _, one in measured if one is not None]
    yield (
        f"- The plain pattern connected to an address inside in {sum(o.inside for _, o in plain)} "
        f"of {len(plain)} cases, had not ended after 40 s in "
        f"{sum(one.outcome == 'ended by force' for _, one in plain)}, and grew by "
        f"{MOST_GROWTH:.0f} MB or more in {sum(one.growth >= MOST_GROWTH for _, one in plain)}."
    )


def play(options: argparse.Namespace) -> Measured:
    """Be the measured process."""
    way, name = options.play
    # By name: somebody may add a case while this runs.
    case = next(case for case in CASES if name_of(case) == name)
    ports = Ports(**json.loads(options.ports))
    if way == "plain":
        return play_plain(case, ports)
    return asyncio.run(play_ours(case, ports, options.seconds))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--seconds", type=float, default=FetchConfig().fetch_seconds, help="deadline"
    )
    parser.add_argument("--group", action="append", help="only these groups; writes nothing")
    parser.add_argument("--ours", action="store_true", help="without the plain pattern")
    parser.add_argument("--jobs", type=int, default=1, help="cases at once; seconds suffer")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "faults.md")
    parser.add_argument("--play", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--ports", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.play:
        print(json.dumps(asdict(play(options))))
        return
    with hostile_server(BOMB) as ports:
        measured = list(rows(ports, options))
    print(*_summary(measured, options.seconds), sep="\n")
    if not options.group:
        options.output.write_text(report(measured, options.seconds), encoding="utf-8")
        print(f"written: {options.output}")


if __name__ == "__main__":
    main()
