"""`python -m tests.benchmarks.privacy`: what scanning costs, one JSON line a text (CPU of one core, best of five).

`clean` is prose without a finding, `dense` the labelled items one after the other, `first` the first scan with its
imports; `memory_mb` what the process holds at the end, `memory_before_mb` before it scanned anything.
"""

import json
import resource
import sys
import time

from governance.detection import find, measuring

PROSE = (
    "The order of 12 apples left our warehouse on Monday, 3 May 2024, with version 3.2 of the label; see page 44 of "
    "the handbook. The team asked whether the price of 1,299.00 EUR still holds, and what the next step should be. "
)


def main() -> int:
    before = memory_mb()
    began = time.process_time()
    find("ann@shop.example 203.0.113.9 219-09-9999 +49 30 901820")
    tell("first", cpu_ms=round((time.process_time() - began) * 1000), memory_before_mb=before)
    dense = " ".join(item.text for item in measuring.items())
    for name, text in (("clean", PROSE * 150), ("clean, a million", PROSE * 5000), ("dense", dense)):
        tell(name, characters=len(text), ms_per_kb=round(ms_per_kb(text), 3), findings=len(find(text)))
    tell("end", memory_mb=memory_mb())
    return 0


def ms_per_kb(text: str) -> float:
    spent = []
    for _ in range(5 if len(text) < 100_000 else 2):
        began = time.process_time()
        find(text)
        spent.append(time.process_time() - began)
    return min(spent) * 1000 / (len(text) / 1000)


def memory_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def tell(text: str, **facts) -> None:
    print(json.dumps({"text": text, **facts}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
