"""`python -m tests.bench [name…]`: all benchmarks or these; exit code 1 when a limit is broken."""

import sys
from importlib import import_module

from tests.bench.report import report

NAMES = ["inbox", "reads", "memory", "stalled", "broadcast", "chaos"]

chosen = sys.argv[1:] or NAMES
kept = [report(name, import_module(f"tests.bench.{name}").run()) for name in chosen]
sys.exit(0 if all(kept) else 1)
