"""Inference without an encoder against scikit-learn and Pyro, side by side in one run.

    python -m benchmarks.inference                # coordinate ascent, stochastic gradients and NUTS
    python -m benchmarks.inference cavi mcmc      # these alone; the others' numbers stay as they are

needs `pyro-ppl` (the extra `peers`). Each part alternates between the libraries and reports ratios of medians; what is
compared is told by `benchmarks/inference_cavi.py`, `inference_sgvb.py` and `inference_mcmc.py`. Numbers are kept in
`benchmarks/results/inference.json`, each part with the machine and the date of its own run.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from benchmarks import inference_cavi, inference_mcmc, inference_sgvb
from benchmarks.machine import machine

TARGET = Path(__file__).parent / "results" / "inference.json"
PARTS = {"cavi": inference_cavi, "sgvb": inference_sgvb, "mcmc": inference_mcmc}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all unless given")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    torch.set_num_threads(1)
    kept = json.loads(TARGET.read_text(encoding="utf-8")) if TARGET.exists() else {}
    for name, part in PARTS.items():
        if given.parts and name not in given.parts:
            continue
        measured = part.rows()
        print(f"{part.table(measured)}\n", flush=True)
        kept[name] = {"rows": measured, "machine": machine()}
        TARGET.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
