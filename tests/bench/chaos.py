"""2,000 messages while workers are killed 50 times: the long form of tests/chaos.

Beside each figure stands the most that it could be.
"""

import json
import tempfile
from pathlib import Path

from tests.bench.report import Line
from tests.chaos import THREADS
from tests.chaos.installation import chaos

MESSAGES, KILLS = 2000, 50


def run() -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:
        done = chaos(Path(folder), messages=MESSAGES, kills=KILLS)
    print(done.stdout)
    summary = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    died, hands = summary["in hand of killed workers"], KILLS * THREADS
    return [
        Line("promises broken", summary["promises broken"], "messages", MESSAGES, 1),
        Line("in the hands of killed workers", died, "messages", hands, hands + 1),
    ]
