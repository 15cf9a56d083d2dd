"""How long starting takes: `import latentia` beyond `import torch`, and `latentia --help`.

    python -m benchmarks.start_up [--rounds 15] [--out benchmarks/results/start_up.json]

Every case is a fresh interpreter. The cases run in turn, round after round, so that a machine that slows down slows all
of them; each row is the median over the rounds, with the fastest and the slowest beside it. One round goes first,
unmeasured, to fill the disk cache. What comes beyond torch is timed inside an interpreter that has imported torch
already: as a difference of two whole processes it would drown in the spread of torch's own import.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.machine import machine

WHOLE = {
    "python": ["-c", "pass"],
    "import torch": ["-c", "import torch"],
    "latentia --help": ["-m", "latentia", "--help"],
    "latentia fit --help": ["-m", "latentia", "fit", "--help"],
}
BEYOND_TORCH = {
    "import latentia, beyond torch": "import latentia",
    "every public name, beyond torch": "import latentia; [getattr(latentia, name) for name in latentia.__all__]",
}
TIMED = "import torch; from time import perf_counter; begin = perf_counter(); {}; print(perf_counter() - begin)"


def whole(arguments: list[str]) -> float:
    """Seconds that one fresh interpreter takes, from its start to its end."""
    begin = perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - begin


def beyond_torch(statement: str) -> float:
    """Seconds that a statement takes in a fresh interpreter that has imported torch."""
    program = TIMED.format(statement)
    return float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Time every case `rounds` times in alternation: median, fastest and slowest, in seconds."""
    times: dict[str, list[float]] = {case: [] for case in (*WHOLE, *BEYOND_TORCH)}
    for _ in range(rounds + 1):
        for case, arguments in WHOLE.items():
            times[case].append(whole(arguments))
        for case, statement in BEYOND_TORCH.items():
            times[case].append(beyond_torch(statement))
    kept = {case: seconds[1:] for case, seconds in times.items()}
    return {case: {"median": statistics.median(s), "min": min(s), "max": max(s)} for case, s in kept.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "start_up.json")
    options = parser.parse_args()
    rows = measure(options.rounds)
    result = {"machine": machine(), "rounds": options.rounds, "seconds": rows}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"{'seconds':36}{'median':>9}{'min':>9}{'max':>9}")
    for case, row in rows.items():
        print(f"{case:36}{row['median']:9.3f}{row['min']:9.3f}{row['max']:9.3f}")
    print(f"{options.rounds} rounds in alternation; {result['machine']}; written to {options.out}")


if __name__ == "__main__":
    main()
