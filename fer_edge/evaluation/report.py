"""Reports of an evaluation: terminal tables, Markdown, and one self-contained HTML page."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from device.image import file as image_file
from device.system.atomic_file import replacing
from fer_edge.data.dataset import Dataset
from fer_edge.evaluation import pictures, svg
from fer_edge.evaluation.types import Evaluation, ModelEvaluation
from fer_edge.explanation import picture as explanation_picture
from fer_edge.explanation.explain import Explanation

Row = list[str]

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1080px;padding:16px}
h1{font-size:22px}h2{font-size:17px;margin-top:28px}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:3px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid #8884}
th:first-child,td:first-child{text-align:left}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:8px}
svg{width:100%;height:auto}svg text{fill:currentColor;font-size:10px}
svg .title{font-size:12px;font-weight:600}.end{text-anchor:end}.mid{text-anchor:middle}
.grid{stroke:#8883}.diagonal{stroke:#888;stroke-dasharray:4 4;fill:none}
polyline{stroke-width:1.8;fill:none}
.dot{display:inline-block;width:10px;height:10px;border-radius:5px;margin-right:6px}
.note{color:#777}.maps{max-width:100%}
.worst{display:flex;flex-wrap:wrap;gap:10px}.worst figure{margin:0;width:192px}
.worst img{image-rendering:pixelated}figcaption{font-size:12px}
"""


def summary(evaluation: Evaluation) -> tuple[Row, list[Row]]:
    """Header and rows of the summary table, one row per model."""
    header = ["model", "n", "top-1", "macro-F1", "macro recall"]
    header += ["corrupted", "mCE", "ECE", "temp."]
    rows = []
    for model in evaluation.models:
        robust, calibrated = model.robustness, model.calibration
        row = [model.name, f"{model.n:,}", _percent(model.top1)]
        row += [_percent(model.macro_f1), _percent(model.macro_recall)]
        row.append(_percent(robust.mean_top1) if robust else "")
        row.append(f"{robust.mce:.1f}" if robust and robust.mce is not None else "")
        row.append(f"{calibrated.ece:.3f}" if calibrated else "")
        row.append(f"{calibrated.temperature:.2f}" if calibrated else "")
        rows.append(row)
    return header, rows


def label_rows(models: Sequence[ModelEvaluation]) -> tuple[Row, list[Row]]:
    """Header and rows of the interval of top-1 and the scored classes, one row per model."""
    header = ["model", "top-1, 95 %", "persons", "not scored", "classes without images"]
    rows = []
    for model in models:
        if model.top1_ci95 is None:
            continue
        low, high = model.top1_ci95
        rows.append(
            [
                model.name,
                f"{100 * low:.1f} to {100 * high:.1f}",
                "unknown" if model.subjects is None else f"{model.subjects:,}",
                ", ".join(f"{one.label} ({one.n:,})" for one in model.not_scored) or "none",
                ", ".join(model.without_images) or "none",
            ]
        )
    return header, rows


def corruption_rows(models: Sequence[ModelEvaluation]) -> tuple[Row, list[Row]]:
    """Header and rows of top-1 by corruption, mean over severities, one column per model."""
    measured = [(m.name, m.robustness) for m in models if m.robustness]
    header = ["corruption", *(name for name, _ in measured)]
    if not measured:
        return header, []
    rows = [["clean", *(_percent(r.clean_top1) for _, r in measured)]]
    for i, one in enumerate(measured[0][1].corruptions):
        means = [sum(r.corruptions[i].top1) / 5 for _, r in measured]
        rows.append([one.name.replace("_", " "), *(_percent(mean) for mean in means)])
    return header, rows


def slice_rows(models: Sequence[ModelEvaluation]) -> tuple[Row, list[Row]]:
    """Header and rows of top-1 by slice with its interval, for each model."""
    header = ["model", "attribute", "value", "n", "top-1", "95 %"]
    return header, [
        [
            model.name,
            one.attribute,
            one.value + (" (few images)" if one.small else ""),
            f"{one.n:,}",
            _percent(one.top1),
            f"{100 * one.ci95[0]:.1f} to {100 * one.ci95[1]:.1f}",
        ]
        for model in models
        for one in model.slices or []
    ]


def map_rows(models: Sequence[ModelEvaluation]) -> tuple[Row, list[Row]]:
    """Header and rows of mean insertion and deletion scores, for each model and method."""
    header = ["model", "method", "faces", "insertion", "deletion"]
    return header, [
        [
            model.name,
            one.method,
            str(len(model.explain.mistakes)),
            f"{one.insertion:.3f}",
            f"{one.deletion:.3f}",
        ]
        for model in models
        if model.explain
        for one in model.explain.scores
    ]


def markdown(evaluation: Evaluation) -> str:
    """The tables as Markdown."""
    parts = ["# Evaluation", _about(evaluation)]
    parts.append(_markdown_table(*summary(evaluation)))
    for title, (header, rows) in (
        ("Intervals and labels", label_rows(evaluation.models)),
        ("Top-1 by corruption, mean over severities 1 to 5", corruption_rows(evaluation.models)),
        ("Slices", slice_rows(evaluation.models)),
        ("Maps of the most confident mistakes, mean scores", map_rows(evaluation.models)),
    ):
        if rows:
            parts += [f"## {title}", _markdown_table(header, rows)]
    return "\n\n".join(parts) + "\n"


def html(evaluation: Evaluation, faces: Dataset | None = None, folder: Path | None = None) -> str:
    """The complete evaluation as one HTML page without scripts or external requests.

    Args:
        evaluation: the evaluation.
        faces: faces of the evaluation, to draw the worst images; None: without these images.
        folder: folder in which `draw_maps` drew; None: without these images.
    """
    models = evaluation.models
    legend = " ".join(
        f'<span><i class="dot" style="background:{svg.color(i)}"></i>{escape(m.name)}</span>'
        for i, m in enumerate(models)
    )
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>Evaluation</title><style>{_STYLE}</style>",
        f"<h1>Evaluation</h1><p>{escape(_about(evaluation))}</p><p>{legend}</p>",
        _html_table(*summary(evaluation)),
    ]
    header, rows = label_rows(models)
    if rows:
        parts += ["<h2>Intervals and labels</h2>", _html_table(header, rows)]
    if any(m.robustness for m in models):
        parts += ["<h2>Top-1 by corruption and severity</h2>", _robustness_charts(models)]
        parts.append(_html_table(*corruption_rows(models)))
    if faces is not None:
        for model in models:
            drawn = pictures.worst_images(model, faces, evaluation.data.seed)
            if drawn:
                parts += [f"<h2>{escape(model.name)}: the worst images</h2>", drawn]
    if any(m.calibration for m in models):
        parts += ["<h2>Calibration and abstention</h2>", _calibration_charts(models)]
    header, rows = slice_rows(models)
    if rows:
        parts += ["<h2>Slices</h2>", _html_table(header, rows)]
    header, rows = map_rows(models)
    if rows:
        parts += ["<h2>Maps of the most confident mistakes</h2>", _html_table(header, rows)]
        if folder is not None:
            parts += [pictures.explained(model, folder) for model in models]
    return "\n".join(parts) + "\n</html>\n"


def draw_maps(model: ModelEvaluation, maps: Sequence[Explanation], folder: Path) -> None:
    """Draw the maps of a model's most confident mistakes to a folder."""
    drawn = explanation_picture.draw(maps, model.labels)
    image_file.write(pictures.maps_file(model, folder), drawn)


def write(evaluation: Evaluation, folder: Path, faces: Dataset | None = None) -> list[Path]:
    """Write `evaluation.md` and `evaluation.html` to a folder; `faces` as in `html`."""
    texts = {
        "evaluation.md": markdown(evaluation),
        "evaluation.html": html(evaluation, faces, folder),
    }
    for name, text in texts.items():
        with replacing(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def _about(evaluation: Evaluation) -> str:
    data = evaluation.data
    said = f"{data.name}, split {data.split}, {data.n:,} faces; seed {data.seed}."
    if data.synthetic:
        said += " Synthetic faces: results do not apply to people."
    if evaluation.reference:
        said += f" mCE is relative to {evaluation.reference} = 100."
    if evaluation.partial:
        said += " Partial: the evaluation was interrupted."
    return said


def _robustness_charts(models: Sequence[ModelEvaluation]) -> str:
    measured = [m.robustness for m in models if m.robustness]
    charts = []
    for i, one in enumerate(measured[0].corruptions):
        lines = [
            [(s / 5, top1) for s, top1 in enumerate([r.clean_top1, *r.corruptions[i].top1])]
            for r in measured
        ]
        name = one.name.replace("_", " ")
        charts.append(svg.chart(name, lines, x_label="severity 0 to 5", y_label="top-1"))
    return f'<div class="charts">{"".join(charts)}</div>'


def _calibration_charts(models: Sequence[ModelEvaluation]) -> str:
    measured = [m.calibration for m in models if m.calibration]
    reliability = [[(b.confidence, b.accuracy) for b in c.bins] for c in measured]
    coverage = [[(p.coverage, p.top1) for p in c.coverage] for c in measured]
    charts = [
        svg.chart(
            "reliability", reliability, x_label="confidence", y_label="accuracy", diagonal=True
        ),
        svg.chart("accuracy against coverage", coverage, x_label="coverage", y_label="top-1"),
    ]
    return f'<div class="charts">{"".join(charts)}</div>'


def _markdown_table(header: Row, rows: Iterable[Row]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in lines)
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)


def _html_table(header: Row, rows: Iterable[Row]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"
