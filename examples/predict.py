"""Print the expression of each face in images.

python examples/predict.py IMAGE...
"""

import sys

import fer_edge


def main(pictures: list[str]) -> None:
    """Load the default model once and classify the faces of each image."""
    model = fer_edge.load()
    for picture in pictures:
        for face in model.predict(picture):
            print(f"{picture}: {face.label} {face.confidence:.0%} at {tuple(face.box)}")


if __name__ == "__main__":
    main(sys.argv[1:])
