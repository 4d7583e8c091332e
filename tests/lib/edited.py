# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration that is not ours, changed on its way to a node."""
import re

from .wait import Failed

OF_CORE = "core:"  # before the name of a configuration: it is in the core's sources


def edited(path, edits):
    """The text of a file with each of `edits` done, {"find": regular expression, "put": text (with
    \\1 for its groups), "count": how often it has to be there (1)}; Failed if it is not."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for e in edits:
        text, n = re.subn(e["find"], e["put"], text, flags=re.M)
        if n != e.get("count", 1):
            raise Failed(f"{path} has /{e['find']}/ {n} times, not {e.get('count', 1)}")
    return text
