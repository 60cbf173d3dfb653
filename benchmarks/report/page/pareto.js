// Accuracy against latency: points, fronts, names that do not overlap, filters, a tooltip.
const view = { heads: new Set(), precisions: new Set(), configuration: "main", logarithmic: false };
const drawPareto = responsive($("pareto"), paretoChart);

function paretoPoints() {
  return models
    .filter((model) => model.accuracy && view.heads.has(model.head) && view.precisions.has(precisionOf(model)))
    .map((model) => ({ model, latency: configurations(model).find((one) => one.key === view.configuration)?.latency }))
    .filter((point) => point.latency);
}

// The Pareto front of accuracy and p50, fastest first.
function front(points) {
  const sorted = [...points].sort((a, b) => a.latency.p50_us - b.latency.p50_us || b.model.accuracy.top1 - a.model.accuracy.top1);
  let best = -1;
  return sorted.filter(({ model }) => model.accuracy.top1 > best && ((best = model.accuracy.top1), true));
}

function paretoChart(width) {
  const points = paretoPoints();
  const classified = models.filter((model) => model.accuracy).length;
  $("pareto-note").textContent = points.length === classified ? "" : `${points.length} of ${plural(classified, "model")} shown.`;
  if (!points.length) {
    $("pareto").replaceChildren(el("p", { class: "note" }, "No model fits these filters."));
    return;
  }
  const heads = Object.keys(HEADS).filter((head) => points.some(({ model }) => model.head === head));
  const [panel, gap, below] = [Math.max(250, Math.min(heads.length > 1 ? 330 : 440, 0.46 * width)), 34, 44];
  const height = 26 + heads.length * panel + (heads.length - 1) * gap + below;
  const largest = Math.max(...models.map((model) => model.size.bytes));
  const reach = width < 560 ? 21 : 30;
  for (const point of points) point.radius = Math.max(4, reach * Math.sqrt(point.model.size.bytes / largest));
  const tip = el("div", { class: "tip", hidden: true });
  const x = timeScale(points, 44, width - 12);
  const panels = heads.map((head, i) => {
    const top = 26 + i * (panel + gap);
    const box = { left: 44, right: width - 12, top, bottom: top + panel };
    return headPanel(head, points.filter(({ model }) => model.head === head), x, box, tip, { xCount: width < 560 ? 5 : 9, bare: i < heads.length - 1 });
  });
  $("pareto").replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "group", "aria-label": "Accuracy against latency" }, panels), tip);
}

// The models of one label set: accuracies on different labels do not compare, so each has its own axis.
function headPanel(head, points, x, box, tip, { xCount, bare }) {
  const y = rateScale(points, box);
  for (const point of points) {
    point.x = x(point.latency.p50_us);
    point.y = y(100 * point.model.accuracy.top1);
  }
  return svg("g", {},
    axes(x, y, box, { xTitle: "p50 of one face, µs", yTitle: `top-1 accuracy, %, ${HEADS[head]}`, xCount, yCount: 5, bare }),
    frontLine(points, box),
    [...points].sort((a, b) => b.radius - a.radius).map((point) => pointMark(point, x, y, tip)),
    namesOf(points, box));
}

function timeScale(points, from, to) {
  const times = points.flatMap(({ latency }) => [latency.p50_us, ...(latency.p50_us_ci95 || [])]);
  const [fast, slow] = [Math.min(...times), Math.max(...times)];
  if (view.logarithmic) {
    const room = Math.max(1.12, (slow / fast) ** 0.1);
    return scale(fast / room, slow * room, from, to, true);
  }
  const room = Math.max(0.12 * (slow - fast), 0.08 * slow);
  return scale(Math.max(0, fast - room), slow + room, from, to);
}

function rateScale(points, box) {
  const rates = points.flatMap(({ model }) => [model.accuracy.top1, ...model.accuracy.top1_ci95].map((rate) => 100 * rate));
  const [low, high] = [Math.min(...rates), Math.max(...rates)];
  const room = Math.max(1, 0.12 * (high - low));
  return scale(Math.max(0, low - room), Math.min(100, high + room), box.bottom, box.top);
}

function frontLine(points, box) {
  const best = front(points);
  const path = best.map((point, i) => (i ? `H${point.x}V${point.y}` : `M${point.x},${point.y}`)).join("");
  return svg("path", { class: "front", d: `${path}H${box.right}`, "aria-hidden": "true" });
}

function pointMark(point, x, y, tip) {
  const { model, latency, radius } = point;
  const color = colorOf(model);
  const show = () => showTip(tip, point);
  const hide = () => { tip.hidden = true; };
  const [low, high] = model.accuracy.top1_ci95;
  const across = latency.p50_us_ci95;
  const line = (attributes) => svg("line", { class: "bar", stroke: color, ...attributes });
  return svg("g", {
    class: `point ${model.head}`, tabindex: 0, role: "button", "data-name": model.name,
    "aria-label": `${model.name}: top-1 ${percent(model.accuracy.top1)} %, p50 ${micro(latency.p50_us)} µs, ${kilo(model.size.bytes)} kB`,
    onpointerenter: show, onpointerleave: hide, onfocus: show, onblur: hide,
    onclick: () => chooseModel(model.name),
    onkeydown: (event) => {
      if (event.key === "Escape") hide();
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); chooseModel(model.name); }
    },
  },
  svg("circle", { class: "area", cx: point.x, cy: point.y, r: radius, fill: color, stroke: color }),
  line({ x1: point.x, x2: point.x, y1: y(100 * low), y2: y(100 * high) }),
  across && line({ x1: x(across[0]), x2: x(across[1]), y1: point.y, y2: point.y }),
  svg("circle", { cx: point.x, cy: point.y, r: 3.2, fill: color }));
}

function showTip(tip, { model, latency, x, y, radius }) {
  const rows = [
    ["labels", HEADS[model.head]], ["precision", precisionOf(model)],
    ["top-1", `${percent(model.accuracy.top1)} % ${span(model.accuracy.top1_ci95, percent)}`],
    ["macro F1", `${percent(model.accuracy.macro_f1)} %`],
    ["p50", `${micro(latency.p50_us)} µs ${span(latency.p50_us_ci95, micro)}`],
    ["p90, p99", `${micro(latency.p90_us)}, ${micro(latency.p99_us)} µs`],
    latency.ratio_to_reference && ["to reference", `${ratio(latency.ratio_to_reference)} x`],
    ["size", `${kilo(model.size.bytes)} kB (gzip ${kilo(model.size.bytes_gzip)})`],
  ];
  tip.replaceChildren(el("b", {}, model.name), ...rows.filter(Boolean).map(([name, value]) => el("div", {}, el("span", {}, name), el("span", {}, value))));
  tip.hidden = false;
  const room = tip.parentElement.clientWidth - tip.offsetWidth - 4;
  const right = x + radius + 10;
  tip.style.left = `${Math.max(4, right <= room ? right : Math.min(room, x - radius - 10 - tip.offsetWidth))}px`;
  tip.style.top = `${Math.max(0, Math.min(y - tip.offsetHeight / 2, tip.parentElement.clientHeight - tip.offsetHeight))}px`;
}

// Labels next to their points, each at the first free position; without one only the tooltip has the name.
function namesOf(points, box) {
  const taken = points.map(({ x, y, radius }) => [x - 0.72 * radius, y - 0.72 * radius, x + 0.72 * radius, y + 0.72 * radius]);
  const clear = ([a, b, c, d]) => a >= box.left && c <= box.right + 6 && b >= box.top - 6 && d <= box.bottom && !taken.some(([e, f, g, h]) => a < g && c > e && b < h && d > f);
  const best = new Set(front(points));
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "600 12.5px system-ui, sans-serif";
  return svg("g", { "aria-hidden": "true" }, [...points].sort((a, b) => best.has(b) - best.has(a)).map((point) => {
    const width = pen.measureText(point.model.name).width + 6;
    for (const gap of [5, 16, 30, 46]) {
      const away = point.radius + gap, tilted = 0.72 * point.radius + gap;
      const places = [["start", away, 4], ["end", -away, 4], ["middle", 0, -away], ["middle", 0, away + 9], ["start", tilted, -tilted], ["end", -tilted, -tilted], ["start", tilted, tilted + 9], ["end", -tilted, tilted + 9]];
      for (const [anchor, dx, dy] of places) {
        const [x, y] = [point.x + dx, point.y + dy];
        const left = anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2;
        const area = [left, y - 12, left + width, y + 4];
        if (clear(area)) {
          taken.push(area);
          return svg("text", { class: "name", x, y, "text-anchor": anchor }, point.model.name);
        }
      }
    }
    return null;
  }));
}

function chips(name, values, chosen, show) {
  for (const value of values) chosen.add(value);
  if (values.length < 2) return null;
  return el("fieldset", {}, el("legend", {}, name), values.map((value) => el("label", { class: "chip" },
    el("input", { type: "checkbox", checked: true, value, onchange: (event) => { chosen[event.target.checked ? "add" : "delete"](value); drawPareto(); } }),
    ...show(value))));
}

function paretoFilters() {
  const distinct = (values) => [...new Set(values)];
  const shown = models.filter((model) => model.accuracy && model.latency);
  $("pareto-section").hidden = !shown.length;
  if (!shown.length) return;
  const named = new Map(shown.flatMap(configurations).map((one) => [one.key, one]));
  const times = shown.map((model) => model.latency.p50_us);
  view.logarithmic = Math.max(...times) > 8 * Math.min(...times);
  const switcher = el("div", { class: "segmented", role: "group", "aria-label": "Scale of latency", id: "scale" });
  segmented(switcher, [["linear", "linear"], ["log", "log"]], view.logarithmic ? "log" : "linear", (value) => { view.logarithmic = value === "log"; drawPareto(); });
  const choice = el("select", { id: "configuration", "aria-label": "Threads and backend", onchange: (event) => { view.configuration = event.target.value; drawPareto(); } },
    [...named.values()].map((one) => el("option", { value: one.key }, one.name)));
  const groups = [
    chips("Labels", distinct(shown.map((model) => model.head)), view.heads, (head) => [el("i", { class: head === "ferplus" ? "dashed" : "solid" }), HEADS[head]]),
    chips("Precision", distinct(shown.map(precisionOf)), view.precisions, (value) => [el("i", { style: `--dot: ${colorOf({ precision: value })}` }), value]),
    named.size > 1 && choice,
    switcher,
  ];
  $("filters").append(...groups.filter(Boolean));
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  drawPareto();
}
