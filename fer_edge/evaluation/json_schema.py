"""Generate the JSON Schema of `evaluation.json`: `python -m fer_edge.evaluation.json_schema`."""

import json

from device.system.atomic_file import replacing
from fer_edge.evaluation.document import SCHEMA
from fer_edge.evaluation.types import Evaluation


def text() -> str:
    """Generate the content of the schema file from the types."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Evaluation).json_schema()
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the schema file."""
    with replacing(SCHEMA) as partial:
        partial.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
