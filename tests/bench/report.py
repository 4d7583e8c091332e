# SPDX-License-Identifier: GPL-2.0-or-later
"""What was measured: as tables for people (Markdown), and as JSON for programs."""
import datetime
import json
import os
import platform
import statistics
import subprocess


def shown(value):
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


class Report:
    """Figures by item, row and contestant. The first contestant is what others are compared
    with: their figures have the ratio to it behind them."""

    def __init__(self, contestants, path):
        self.contestants, self.path = contestants, path
        self.figures, self.notes, self.about = [], [], {}

    def add(self, item, row, unit, contestant, values):
        """`values`: of several rounds, the median of which is shown, or one value, or a
        sentence that says why there is none."""
        rounds = values if isinstance(values, list) else [values]
        numbers = [v for v in rounds if v is not None and not isinstance(v, str)]
        value = statistics.median(numbers) if numbers else rounds[0] if rounds else None
        self.figures.append({"item": item, "row": row, "unit": unit, "contestant": contestant,
                             "value": value, "rounds": rounds})

    def note(self, text):
        self.notes.append(text)
        print(text, flush=True)

    def table(self, item):
        """The table of an item."""
        figures = [f for f in self.figures if f["item"] == item]
        names = [n for n in self.contestants if any(f["contestant"] == n for f in figures)]
        rows = list(dict.fromkeys((f["row"], f["unit"]) for f in figures))
        by_place = {(f["row"], f["contestant"]): f["value"] for f in figures}
        lines = [f"| {item} | | " + " | ".join(names) + " |",
                 "|---|---|" + "---:|" * len(names)]
        for row, unit in rows:
            first = by_place.get((row, names[0]))
            cells = []
            for n in names:
                value = by_place.get((row, n))
                cell = shown(value)
                if n != names[0] and all(isinstance(x, (int, float)) and x > 0
                                         for x in (value, first)):
                    cell += f" ({shown(value / first)}x)"
                cells.append(cell)
            lines.append(f"| {row} | {unit} | " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def show(self, item):
        """Prints it, and writes all there is so far."""
        print("\n" + self.table(item) + "\n", flush=True)
        self.write()

    def write(self):
        with open(self.path, "w", encoding="utf-8") as f:
            json.dump({"about": self.about, "notes": self.notes, "figures": self.figures}, f,
                      indent=1)
            f.write("\n")


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return (done.stdout.splitlines() or [None])[0]


def machine(core, kamailio, top):
    """What it was measured on."""
    model = "unknown"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "cores": os.cpu_count(), "cpu": model, "memory_gb": round(memory, 1),
            "kernel": platform.release(), "core": first_line(core, "-V"),
            "kamailio": first_line(kamailio, "-v") if kamailio else None,
            "commit": first_line("git", "-C", top, "-c", f"safe.directory={top}", "rev-parse",
                                 "--short", "HEAD"),
            "load_before": os.getloadavg()[0]}
