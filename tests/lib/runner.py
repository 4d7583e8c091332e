# SPDX-License-Identifier: GPL-2.0-or-later
"""Running the scenarios of a directory: options, verdicts, what is shown of a failure."""
import argparse
import concurrent.futures
import glob
import os
import shutil
import sys
import tempfile
import threading
import time
import tomllib
import traceback
import typing

from . import cores
from .database import needs_of
from .edited import OF_CORE
from .programs import mix_of
from .wait import Failed

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOG_LINES = 25  # of each node, shown when a scenario failed
AGAIN_MOST = 8  # when more failed, it was no stall of the machine: none is played again
printing = threading.Lock()


class Suite:
    """A directory of scenarios: what plays them, and in which network."""

    def __init__(self, home, scenario, network, jobs=1):
        """`scenario`: a class; `network`: called with a name, a context manager."""
        self.home, self.scenario, self.network, self.jobs = home, scenario, network, jobs
        self.directory = None  # where all directories of a run are


def options(suite):
    build = os.environ.get("BUILD", os.path.join(TOP, "build"))
    ap = argparse.ArgumentParser(description="Runs scenarios. doc/testing.md tells more.")
    cores.add_options(ap, several=True)
    ap.add_argument("--keep", action="store_true",
                    help="keep the directories of all scenarios, and say where they are")
    ap.add_argument("-k", metavar="WORD", action="append", default=[],
                    help="only scenarios with that word in the name; may repeat")
    ap.add_argument("-j", metavar="N", type=int, default=suite.jobs,
                    help=f"so many at the same time (default: {suite.jobs})")
    ap.add_argument("--again", metavar="N", type=int, default=0,
                    help="play what failed up to so many times again, alone, after the others")
    ap.add_argument("-v", action="store_true", help="show how long each one took, and why it is")
    ap.add_argument("--table", metavar="FILE",
                    help="put the verdicts into the table of cores in that Markdown file")
    ap.add_argument("files", nargs="*", help="scenario files; default: all here")
    args = ap.parse_args()
    args.programs = mix_of(ap, args, build)
    return args


class Case(typing.NamedTuple):
    """A scenario file, played once with one transport (or as one variant) and one kind of database."""
    name: str
    path: str
    way: str = "udp"
    database: str = "sqlite"


def cases(suite, args):
    """Those that were chosen."""
    return [c for c in all_cases(suite, args.files) if not args.k or any(k in c.name for k in args.k)]


def name_of(suite, path):
    """What a scenario file is called: its place below the suite's directory, if it is there."""
    inside = os.path.relpath(os.path.abspath(path), suite.home)
    name = os.path.basename(path) if inside.startswith(os.pardir) else inside
    return name.removesuffix(".toml")


def all_cases(suite, files=()):
    """A scenario is played once for each of its transports or variants, and of its databases."""
    out = []
    for path in files or sorted(glob.glob(os.path.join(suite.home, "*.toml"))):
        with open(path, "rb") as f:
            data = tomllib.load(f)
        ways = data.get("transports") or list(data.get("variant", []))
        some = [Case(name_of(suite, path), path)]
        for field, values in (("way", ways), ("database", data.get("databases", []))):
            some = [c._replace(name=f"{c.name}-{v}", **{field: v})
                    for c in some for v in values] or some
        out += some
    return out


def not_for(case, programs):
    """Why a scenario cannot be played on this core, or ""."""
    with open(case.path, "rb") as f:
        data = tomllib.load(f)
    needs = data.get("needs", []) + (needs_of(case.database) if "databases" in data else [])
    needs += data.get("needs_with", {}).get(case.database, [])
    for kind in programs.kinds:
        missing = cores.lacks(kind.modules, needs)
        if missing:
            return f"it has no {', '.join(missing)}"
        if reason := not_in_sources(data, kind):
            return reason
    reasons = data.get("not_on", {})
    return next((reasons[k] for k in programs.called() if k in reasons), "") if reasons else ""


def not_in_sources(data, programs):
    for node in data.get("node", []):
        name = node.get("conf", "")
        path = os.path.join(programs.sources, name.removeprefix(OF_CORE))
        if name.startswith(OF_CORE) and not os.path.exists(path):
            return f"there is no {path}"
    return ""


def tail_of_logs(directory):
    out = []
    for path in sorted(glob.glob(os.path.join(directory, "*", "log"))):
        with open(path, encoding="utf-8", errors="replace") as f:
            lines = f.read().splitlines()[-LOG_LINES:]
        out.append(f"  --- log of {os.path.basename(os.path.dirname(path))}")
        out += ["  | " + x for x in lines]
    return "\n".join(out)


def run_one(suite, case, programs, args):
    """Runs one scenario; what became of it, for the table. Prints it too."""
    name, place = case.name, case.name.replace("/", "-")
    if reason := not_for(case, programs):
        with printing:
            print(f"--   {name}: not for this core: {reason}", flush=True)
        return f"{cores.NOT_HERE} ({reason})"
    directory = tempfile.mkdtemp(prefix=f"{place}-", dir=suite.directory)
    begin = time.monotonic()
    error = scenario = None
    try:
        with suite.network(place) as net:
            scenario = suite.scenario(case.path, net, directory, programs, case.way,
                                      case.database)
            scenario.run()
    except Failed as e:
        error = str(e)
    except Exception:  # noqa: BLE001 - a bug of the runner fails this scenario only
        error = traceback.format_exc()
    with printing:
        took = f" ({time.monotonic() - begin:.1f} s)" if args.v else ""
        print(f"{'FAIL' if error else 'ok':4} {name}: {scenario.title if scenario else ''}{took}",
              flush=True)
        if scenario and scenario.report:
            print(f"     {scenario.report}", flush=True)
        if args.v and scenario and scenario.data.get("why"):
            print(f"     {scenario.data['why'].strip()}", flush=True)
        if error:
            print("  " + error.replace("\n", "\n  "))
            print(tail_of_logs(directory), flush=True)
        if args.keep:
            print(f"     kept: {directory}", flush=True)
    if not args.keep:
        shutil.rmtree(directory, ignore_errors=True)
    return cores.FAILED if error else cores.PASSED


def tell_table(suite, args, programs, names, results):
    table = cores.Table(args.table, os.path.relpath(suite.home, os.path.join(TOP, "tests")))
    core = programs.name()
    for name, result in zip(names, results):
        table.put(core, name, result)
    every = glob.glob(os.path.join(suite.home, "**", "*.toml"), recursive=True)
    table.keep_only({c.name for c in all_cases(suite, every)} | set(names))
    table.write()


def play_again(suite, args, programs, chosen, results):
    """What failed has another chance, alone: puts the last verdicts into `results`. Returns
    [(name, attempts it took)] of those that passed then."""
    failed = [i for i, result in enumerate(results) if result == cores.FAILED]
    if not failed or args.again <= 0:
        return []
    if len(failed) > AGAIN_MOST:
        print(f"{len(failed)} failed: too many for a stall of the machine, none is played again")
        return []
    late = []
    for i in failed:
        name = chosen[i].name
        for attempt in range(2, args.again + 2):
            print(f"AGAIN {name} has FAILED, see above; attempt {attempt}, alone", flush=True)
            results[i] = run_one(suite, chosen[i], programs, args)
            if results[i] == cores.PASSED:
                late.append((name, attempt))
                break
    return late


def run(suite, args):
    """Runs what was chosen; the exit code."""
    programs = args.programs
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, args.j)) as pool:
        chosen = cases(suite, args)
        results = list(pool.map(lambda c: run_one(suite, c, programs, args), chosen))
    late = play_again(suite, args, programs, chosen, results)
    if args.table:
        tell_table(suite, args, programs, [c.name for c in chosen], results)
    passed, failed = results.count(cores.PASSED), results.count(cores.FAILED)
    if passed + failed < len(results):
        print(f"{len(results) - passed - failed} not for this core")
    for name, attempt in late:
        print(f"NOT AT ONCE: {name} failed, shown above, and passed at attempt {attempt}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
