"""Fine-tune a shipped model on folders of faces.

    python examples/fine_tune.py FOLDER OUT

FOLDER contains one folder of images per class, with any names. Needs the extra `train`.
"""

import sys

import fer_edge


def main(folder: str, out: str, overrides: tuple[str, ...] = ()) -> None:
    """Start from zoo:nano, train on the folder, and print the exported int8 model."""
    run = fer_edge.train(data=folder, out=out, init="zoo:nano", overrides=overrides)
    print(f"epoch {run.best['epoch']:.0f} of {len(run.history)}")
    for path in run.models:
        if path.stem.endswith("int8"):
            print(fer_edge.load(path))


if __name__ == "__main__":
    main(*sys.argv[1:3])
