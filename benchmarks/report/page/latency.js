// Latency of a model: distribution of the calls, rounds over time, configurations, frame stages.
const drawHistogram = responsive($("histogram"), histogramChart);
const drawRounds = responsive($("rounds"), roundsChart);

function showHistogram(model) {
  $("histogram-section").hidden = !model.latency?.histogram_us;
  drawHistogram();
}

// Interrupted calls take many times as long: the few of them are counted, not drawn.
function withoutTail({ edges, counts }) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let end = 0, seen = 0;
  while (seen < 0.98 * total) seen += counts[end++];
  if (edges.at(-1) < 2 * edges[end]) return { edges, counts, left: 0 };
  return { edges: edges.slice(0, end + 1), counts: counts.slice(0, end), left: total - seen };
}

function histogramChart(width) {
  const latency = current()?.latency;
  if (!latency?.histogram_us) return;
  const { edges, counts, left } = withoutTail(latency.histogram_us);
  $("histogram-note").textContent = left ? `${plural(left, "call")} of ${grouped(latency.n)} took longer, up to ${micro(latency.histogram_us.edges.at(-1))} µs, and ${left === 1 ? "is" : "are"} not drawn; p99 is ${micro(latency.p99_us)} µs.` : "";
  const height = 250;
  const box = { left: 44, right: width - 10, top: 30, bottom: height - 42 };
  const x = scale(edges[0], edges.at(-1), box.left, box.right);
  const y = scale(0, Math.max(...counts) * 1.05, box.bottom, box.top);
  const marks = [["p50", latency.p50_us], ["p90", latency.p90_us], ["p99", latency.p99_us]].filter(([, value]) => value >= edges[0] && value <= edges.at(-1));
  $("histogram").replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": `Histogram of ${plural(latency.n, "call")}: ${marks.map(([name, value]) => `${name} ${micro(value)} µs`).join(", ")}` },
    axes(x, y, box, { xTitle: "one call, µs", yTitle: "calls", xCount: width < 420 ? 4 : 7, yCount: 4 }),
    counts.map((count, i) => svg("rect", { x: x(edges[i]) + 0.5, y: y(count), width: Math.max(1, x(edges[i + 1]) - x(edges[i]) - 1), height: Math.max(0, box.bottom - y(count)), rx: 1.5, style: `fill: ${colorOf(current())}; fill-opacity: .75` },
      svg("title", {}, `${micro(edges[i])} to ${micro(edges[i + 1])} µs: ${plural(count, "call")}`))),
    percentileMarks(marks, x, box)));
}

// Lines at the percentiles; a label that would overlap the one before it moves down a line.
function percentileMarks(marks, x, box) {
  let end = -Infinity, low = false;
  return marks.map(([name, value]) => {
    const text = `${name} ${micro(value)}`, at = x(value);
    const left = at + 4 + 7 * text.length > box.right;
    low = at < end && !low;
    end = at + 4 + 7 * text.length;
    return svg("g", {},
      svg("line", { x1: at, x2: at, y1: box.top - 4, y2: box.bottom, style: "stroke: var(--text); stroke-opacity: .55; stroke-dasharray: 3 3" }),
      svg("text", { class: "name", x: left ? at - 4 : at + 4, y: box.top + (low ? 22 : 6), "text-anchor": left ? "end" : "start" }, text));
  });
}

function showRounds(model) {
  $("rounds-section").hidden = !model.latency?.round_medians_us?.length;
  drawRounds();
}

const middle = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function roundsChart(width) {
  const medians = current()?.latency?.round_medians_us;
  if (!medians?.length) return;
  const shared = results.reference?.latency?.round_medians_us;
  const scaled = shared?.length === medians.length ? shared.map((value) => (value * middle(medians)) / middle(shared)) : null;
  $("rounds-note").textContent = scaled ? "The faint line is the reference workload in the same rounds, scaled to this model: changes of both come from the machine." : "";
  const height = 250;
  const box = { left: 44, right: width - 10, top: 30, bottom: height - 42 };
  const all = [...medians, ...(scaled || [])];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const pad = 0.08 * (high - low) || 0.05 * high;
  const x = scale(1, Math.max(2, medians.length), box.left + 4, box.right - 4);
  const y = scale(low - pad, high + pad, box.bottom, box.top);
  const path = (values) => values.map((value, i) => `${i ? "L" : "M"}${x(i + 1).toFixed(1)},${y(value).toFixed(1)}`).join("");
  const color = colorOf(current());
  $("rounds").replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": `Medians of ${plural(medians.length, "round")}, ${micro(Math.min(...medians))} to ${micro(Math.max(...medians))} µs` },
    axes(x, y, box, { xTitle: "round", yTitle: "median, µs", xCount: 6, yCount: 4 }),
    scaled && svg("path", { d: path(scaled), style: "fill: none; stroke: var(--soft); stroke-opacity: .45; stroke-width: 1.5" }),
    svg("path", { d: path(medians), style: `fill: none; stroke: ${color}; stroke-width: 1.4; stroke-opacity: .55` }),
    medians.map((value, i) => svg("circle", { cx: x(i + 1), cy: y(value), r: medians.length > 150 ? 1.6 : 2.4, style: `fill: ${color}` }, svg("title", {}, `round ${i + 1}: ${micro(value)} µs`)))));
}

function showSweep(model) {
  const ways = configurations(model);
  $("sweep-section").hidden = ways.length < 2;
  if (ways.length < 2) return;
  bars($("sweep"), ways.map((one) => ({ name: one.name, value: one.latency.p50_us, reach: one.latency.p99_us, text: [el("b", {}, micro(one.latency.p50_us)), " µs"] })));
}

function showFrame() {
  const frame = results.frame;
  $("frame-section").hidden = !frame;
  if (!frame) return;
  $("frame-line").textContent = `${grouped(frame.frames)} frames of ${frame.video}, detector ${frame.detector}, classifier ${frame.model} (${frame.kind}). Bars are p50, the thin line reaches to p99.`;
  bars($("frame"), Object.entries(frame.stages).map(([stage, one]) => ({ name: stage, value: one.p50_us, reach: one.p99_us, text: [el("b", {}, micro(one.p50_us)), " µs"] })));
}
