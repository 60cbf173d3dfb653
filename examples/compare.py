"""Compare two models on labeled faces.

    python examples/compare.py [DATA.npz]

Without data both are measured on synthetic faces, which is valid for latency only.
"""

import sys

import fer_edge


def main(data: str | None = None, rounds: int = 50, out: str | None = None) -> None:
    """Measure nano and small interleaved and print top-1 and latency."""
    results = fer_edge.benchmark(["zoo:nano", "zoo:small"], data, out=out, rounds=rounds)
    for model in results.models:
        print(f"{model.name}: top-1 {model.accuracy.top1:.1%}, p50 {model.latency.p50_us:.0f} us")


if __name__ == "__main__":
    main(*sys.argv[1:2])
