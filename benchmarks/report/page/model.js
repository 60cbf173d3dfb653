// One model: confusion matrix, classes, cold start, operators, file.
let unit = "percent";

const current = () => models.find((model) => model.name === $("model").value);

function chooseModel(name) {
  $("model").value = name;
  showModel();
}

function showModel() {
  const model = current();
  markRow();
  const line = [HEADS[model.head], precisionOf(model), model.runtime, model.delegated ? "run by XNNPACK" : "not run by XNNPACK", model.peer && "measured for comparison, resizing included"];
  $("model-line").textContent = `${line.filter(Boolean).join(" · ")} · ${model.path}`;
  for (const part of [showConfusion, showClasses, showHistogram, showRounds, showSweep, showOperators, showCold, showFile]) part(model);
}

const short = (label) => (label.length > 5 ? `${label.slice(0, 4)}.` : label);

function showConfusion(model) {
  $("confusion-section").hidden = !model.accuracy;
  if (!model.accuracy) return;
  const counts = model.accuracy.confusion;
  const row = (label, i) => {
    const total = counts[i].reduce((sum, count) => sum + count, 0);
    return el("tr", {}, el("th", { scope: "row" }, label), counts[i].map((count, j) => {
      const share = total ? count / total : 0;
      const text = unit === "percent" ? grouped(100 * share) : grouped(count);
      const style = `background: color-mix(in srgb, var(--accent) ${Math.round(6 + 88 * share)}%, var(--panel)); color: var(--${share > 0.5 ? "on-accent" : "text"})`;
      return el("td", { style, class: i === j ? "right" : null, title: `${label} called ${model.labels[j]}: ${grouped(count)} of ${grouped(total)} (${percent(share)} %)` }, text);
    }));
  };
  $("confusion").replaceChildren(
    el("thead", {}, el("tr", {}, el("td"), model.labels.map((label) => el("th", { scope: "col", abbr: label, title: label }, short(label))))),
    el("tbody", {}, model.labels.map(row)));
}

function showClasses(model) {
  $("classes-section").hidden = !model.accuracy;
  if (!model.accuracy) return;
  const rate = (value) => el("td", {}, percent(value), el("span", { class: "meter", "aria-hidden": "true" }, el("i", { style: `width: ${100 * value}%` })));
  const { classes, macro_precision, macro_recall, macro_f1, n, ece } = model.accuracy;
  const line = (name, precision, recall, f1, support) => el("tr", {}, el("th", { scope: "row" }, name), rate(precision), rate(recall), rate(f1), el("td", {}, grouped(support)));
  $("classes").replaceChildren(
    el("thead", {}, el("tr", {}, ["class", "precision", "recall", "F1", "images"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, classes.map((one) => line(one.label, one.precision, one.recall, one.f1, one.support)), line("macro", macro_precision, macro_recall, macro_f1, n)),
    el("caption", { class: "note", style: "caption-side: bottom; text-align: left" }, `Rates in percent. Expected calibration error ${percent(ece)} %.`));
}

function showOperators(model) {
  const block = model.operators;
  $("operators-section").hidden = !block;
  if (!block) return;
  bars($("operators"), block.rows.map((row) => ({
    name: missing(row.index) ? row.name : `${row.index} ${row.name}`, value: row.us_p50, text: [el("b", {}, micro(row.us_p50)), ` µs, ${percent(row.share, 0)} %`],
    more: row.multiply_adds ? `${grouped(row.multiply_adds / 1e6, 1)} M` : null,
  })));
  $("operators-note").textContent = `Median time of each operator in the runtime's own profiler (${block.kind}); M are millions of multiply-adds.`;
}

function showCold(model) {
  const cold = model.cold;
  $("cold-section").hidden = !cold;
  if (!cold) return;
  const figure = (block, show, suffix) => known(block, (one) => `${show(one.p50)} ${suffix} ${span(one.ci95, show)}`);
  const megabytes = (value) => grouped(value / 1000, 1);
  facts($("cold"), [
    ["load", figure(cold.load_ms, (value) => grouped(value, 2), "ms")],
    ["first inference", figure(cold.first_ms, (value) => grouped(value, 2), "ms")],
    ["peak RSS", figure(cold.peak_rss_kb, megabytes, "MB")],
    ["of it, runtime alone", known(cold.runtime_rss_kb, (value) => `${megabytes(value)} MB`)],
    ["fresh processes", `${grouped(cold.n)} (${cold.kind})`],
  ]);
}

function showFile(model) {
  const { size, throughput } = model;
  facts($("file"), [
    ["size", `${kilo(size.bytes)} kB, gzip ${kilo(size.bytes_gzip)} kB`],
    ["parameters", known(size.parameters, grouped)],
    ["multiply-adds", known(size.multiply_adds, (value) => `${grouped(value / 1e6, 2)} M`)],
    ["reached", throughput && `${grouped(throughput.multiply_adds_per_second / 1e9, 1)} G multiply-adds a second (${throughput.kind})`],
    ["share of peak", throughput && results.peak && !missing(throughput.share_of_peak) && `${percent(throughput.share_of_peak)} % of ${grouped(results.peak.multiply_adds_per_second / 1e9, 1)} G (${results.peak.how})`],
    ["SHA-256", model.sha256.slice(0, 16)],
  ]);
}
