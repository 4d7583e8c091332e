# SPDX-License-Identifier: GPL-2.0-or-later
"""Cores: where one's modules and our module for it are, what it says it is, which modules it has,
and the table of cores against scenarios.

The table is a piece of a Markdown file, one for each suite; a run replaces the column of its core
in the rows that it played, and leaves everything else."""
import functools
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PASSED, FAILED, NOT_HERE = "passed", "FAILED", "-"  # what a cell says; more may follow the last


def add_options(ap, several=False):
    """What says which core is used. choose() finds what is not said. `several`: all may be said more than
    once, and are lists (programs.py)."""
    action = "append" if several else "store"
    more = ". Named again: another node's core, see doc/testing.md" if several else ""
    ap.add_argument("--core", metavar="PROGRAM", action=action,
                    help=f"the core: a real opensips (default: opensips-stub of the build){more}")
    ap.add_argument("--modules", metavar="DIR", action=action,
                    help="its modules: the modules directory of a tree, or one with all in it "
                         "(default: the tree that the core is in, or where it is installed)")
    ap.add_argument("--opensips-src", metavar="DIR", action=action,
                    help="the sources of that core (default: where it is)")
    ap.add_argument("--repl-module", metavar="FILE", action=action,
                    help="reg_replicate.so built for that core (default: it is built, of its sources; "
                         "where there are none, the one among its modules)")


def choose(args, build, variables=()):
    """Sets the options that were not given. `build`: where the stand-in core is; a module for another one
    is built in a directory of its own below it, with these variables of make ("LOCK_TIMES=1")."""
    args.core = os.path.abspath(args.core or os.path.join(build, "opensips-stub"))
    args.opensips_src = os.path.abspath(args.opensips_src or os.path.dirname(args.core))
    args.modules = os.path.abspath(args.modules or modules_of(args.core, args.opensips_src))
    if not args.repl_module:
        if os.path.exists(os.path.join(args.opensips_src, "Makefile.conf")):
            args.repl_module = built_for(args.core, args.opensips_src, build, variables)
        else:
            args.repl_module = os.path.join(args.modules, "reg_replicate.so")
    for option, path in (("--core", args.core), ("--modules", args.modules),
                         ("--repl-module", args.repl_module)):
        if not os.path.exists(path):
            sys.exit(f"{option}: {path} does not exist")
    return args


def modules_of(core, sources):
    """Of a tree, or of an installed core: its own make install, or a Debian package."""
    tree = os.path.join(sources, "modules")
    prefix = os.path.dirname(os.path.dirname(core))
    places = [tree] + [p for lib in ("lib64", "lib", "lib/*")
                       for p in sorted(glob.glob(os.path.join(prefix, lib, "opensips/modules")))]
    return next((p for p in places if os.path.isdir(p)), tree)


def built_for(core, sources, build, variables=()):
    """Our module for a tree of OpenSIPS; its make says whether anything has to be done."""
    name = "-".join([sources.strip("/").replace("/", "-"), *(v.split("=")[0].lower() for v in variables)])
    directory = os.path.join(os.path.abspath(build), "for", name)
    os.makedirs(directory, exist_ok=True)
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["flock", directory, "make", "-s", f"-j{os.cpu_count()}", "-C", TOP, f"BUILD={directory}",
                           f"OPENSIPS_SRC={sources}", f"OPENSIPS={core}", *variables, "opensips"],
                          env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}no module could be built for {core} of {sources}; see --repl-module")
    return os.path.join(directory, "opensips/reg_replicate.so")


@functools.cache
def name_of(core):
    """"opensips 3.6.8", as its -V says."""
    out = subprocess.run([core, "-V"], capture_output=True, text=True, check=False).stdout
    m = re.search(r"^version: (\S+) (\S+)", out, re.M)
    return f"{m.group(1)} {m.group(2)}" if m else os.path.basename(core)


def lacks(modules, wanted):
    """Those of the wanted modules that are not in a directory of modules. "usrloc:word": the module
    has to know that word, too."""
    def there(name):
        module, _, word = name.partition(":")
        for p in (f"{module}.so", f"{module}/{module}.so"):
            path = os.path.join(modules, p)
            if os.path.exists(path):
                with open(path, "rb") as f:
                    return word.encode() in f.read()
        return False
    return [m for m in wanted if not there(m)]


class Table:
    """rows: {scenario: {core: cell}}, in alphabetical order."""

    def __init__(self, path, suite):
        self.path = path
        self.begin = f"<!-- table of {suite}: made by tests/{suite}/run --table -->"
        self.end = f"<!-- end of table of {suite} -->"
        self.rows, self.cores = {}, []
        self.before, self.after = "", ""
        self._read()

    def _read(self):
        text = ""
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as f:
                text = f.read()
        if self.begin not in text or self.end not in text:
            self.before = text + ("" if not text or text.endswith("\n\n") else "\n")
            return
        self.before, rest = text.split(self.begin, 1)
        piece, self.after = rest.split(self.end, 1)
        lines = [[c.strip() for c in x.strip().strip("|").split("|")]
                 for x in piece.splitlines() if x.startswith("|")]
        if not lines:
            return
        self.cores = lines[0][1:]
        for name, *cells in lines[2:]:
            self.rows[name] = dict(zip(self.cores, cells))

    def put(self, core, scenario, cell):
        if core not in self.cores:
            self.cores = sorted([*self.cores, core])
        self.rows.setdefault(scenario, {})[core] = cell

    def keep_only(self, scenarios):
        """Rows of scenarios that are no more are dropped."""
        self.rows = {k: v for k, v in self.rows.items() if k in scenarios}

    def write(self):
        lines = ["| scenario | " + " | ".join(self.cores) + " |",
                 "|---" * (len(self.cores) + 1) + "|"]
        for name in sorted(self.rows):
            lines.append(f"| {name} | " + " | ".join(self.rows[name].get(c, "") for c in self.cores)
                         + " |")
        text = "\n".join([self.before + self.begin, "", *lines, "", self.end])
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(text + (self.after or "\n"))
