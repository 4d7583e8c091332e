# SPDX-License-Identifier: GPL-2.0-or-later
"""Cores: what one says it is, which modules it has, and the table of cores against scenarios.

The table is a piece of a Markdown file, one for each suite; a run replaces the column of its core
in the rows that it played, and leaves everything else."""
import functools
import os
import re
import subprocess

PASSED, FAILED, NOT_HERE = "passed", "FAILED", "-"  # what a cell says; more may follow the last


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
