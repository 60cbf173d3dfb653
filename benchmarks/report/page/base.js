// Shared by all parts: results, elements, number formats, scales.
const { results, notices, conditions, title, subtitle } = JSON.parse(document.getElementById("data").textContent);
const models = results.models;
const HEADS = { fer2013: "FER2013 labels", ferplus: "FER+ labels" };
const RUNTIMES = { litert: "LiteRT", "tflite-runtime": "tflite-runtime", tensorflow: "TensorFlow", onnxruntime: "ONNX Runtime" };
const RESOLVERS = { xnnpack: "XNNPACK", builtin: "built-in kernels", reference: "reference kernels" };
const NOTHING = "–";

const $ = (id) => document.getElementById(id);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}
const el = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

const grouped = (value, digits = 0) => value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const percent = (fraction, digits = 1) => grouped(100 * fraction, digits);
const micro = (value) => grouped(value, value >= 100 ? 0 : 1);
const kilo = (value) => grouped(value / 1000, value >= 1e5 ? 0 : 1);
const ratio = (value) => grouped(value, 2);
const plural = (count, word) => `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;
const span = (interval, show) => (interval ? `[${interval.map((end) => show(end)).join(", ")}]` : "");
const known = (value, show) => (value === null || value === undefined ? NOTHING : show(value));

const precisionOf = (model) => model.precision || model.input_dtype;
const colorOf = (model) => `var(--${["float32", "float16", "dynamic", "int8", "int16x8"].includes(precisionOf(model)) ? precisionOf(model) : "other"})`;
const dot = (model) => el("i", { class: "dot", style: `--dot: ${colorOf(model)}`, "aria-hidden": "true" });

function configurationName({ backend, resolver, threads }) {
  return [RUNTIMES[backend] || backend, resolver && (RESOLVERS[resolver] || resolver), plural(threads, "thread")].filter(Boolean).join(", ");
}

// Configurations in which a model was timed, the main one first: [{key, name, latency}].
function configurations(model) {
  const threads = [results.protocol.threads].flat()[0];
  const main = { backend: results.protocol.backend || "litert", resolver: model.delegated ? "xnnpack" : "builtin", threads, latency: model.latency };
  return [main, ...(model.sweep || [])]
    .filter((one) => one.latency)
    .map((one, i) => ({ ...one, main: i === 0 && one === main, key: i === 0 && one === main ? "main" : `${one.backend}|${one.resolver}|${one.threads}`, name: configurationName(one) }));
}

// A scale from data to pixels, with round ticks.
function scale(low, high, from, to, logarithmic = false) {
  const bend = logarithmic ? Math.log10 : (value) => value;
  const a = bend(low), b = bend(high);
  const place = (value) => from + ((bend(value) - a) / (b - a || 1)) * (to - from);
  place.ticks = (count) => (logarithmic ? logTicks(low, high, count) : linearTicks(low, high, count));
  return place;
}

function linearTicks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  const ticks = [];
  for (let i = Math.ceil(low / step); i * step <= high + 1e-9; i++) ticks.push(i * step);
  return ticks;
}

function logTicks(low, high, count) {
  for (const factors of [[1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 5, 7], [1, 2, 5], [1]]) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (const factor of factors) {
        const value = factor * 10 ** power;
        if (value >= low && value <= high) ticks.push(value);
      }
    }
    if (ticks.length <= count + 1 || factors.length === 1) return ticks.length >= 2 ? ticks : linearTicks(low, high, count);
  }
}

const tickText = (value) => grouped(value, Number.isInteger(+value.toFixed(6)) ? 0 : value < 1 ? 2 : 1);

// Two axes with their grid: x below, y to the left.
function axes(x, y, box, { xTitle, yTitle, xCount, yCount, bare = false }) {
  return svg("g", { "aria-hidden": "true" },
    y.ticks(yCount).map((value) => [
      svg("line", { class: "rule", x1: box.left, x2: box.right, y1: y(value), y2: y(value) }),
      svg("text", { x: box.left - 8, y: y(value) + 4, "text-anchor": "end" }, tickText(value)),
    ]),
    x.ticks(xCount).map((value) => [
      svg("line", { class: "rule", x1: x(value), x2: x(value), y1: box.top, y2: box.bottom }),
      !bare && svg("text", { x: x(value), y: box.bottom + 18, "text-anchor": "middle" }, tickText(value)),
    ]),
    svg("line", { class: "rule base", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
    !bare && svg("text", { x: box.right, y: box.bottom + 36, "text-anchor": "end" }, xTitle),
    svg("text", { x: box.left - 34, y: box.top - 10 }, yTitle));
}

// Draw now, and again when the width of the figure changes.
function responsive(figure, draw) {
  let width = 0;
  const redraw = () => { if (figure.clientWidth) draw((width = figure.clientWidth)); };
  new ResizeObserver(() => { if (figure.clientWidth !== width) redraw(); }).observe(figure);
  return redraw;
}

function segmented(host, options, chosen, choose) {
  host.replaceChildren(...options.map(([value, name]) => el("button", {
    type: "button", "data-value": value, "aria-pressed": String(value === chosen),
    onclick: (event) => {
      for (const button of host.children) button.setAttribute("aria-pressed", String(button === event.currentTarget));
      choose(value);
    },
  }, name)));
}

const facts = (list, pairs) => list.replaceChildren(...pairs.filter(([, value]) => value || value === 0).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));

// Horizontal bars: [{name, more, value, reach, text}]; `reach` is the end of a thin line.
function bars(host, rows) {
  const most = Math.max(...rows.map((row) => row.reach || row.value));
  const share = (value) => `${(100 * value) / most}%`;
  host.replaceChildren(...rows.flatMap((row) => [
    el("span", { class: "what", title: row.name }, row.name, row.more && el("small", {}, ` ${row.more}`)),
    el("span", { class: "track" }, el("i", { style: `width: ${share(row.value)}` }), row.reach && el("em", { style: `left: ${share(row.value)}; width: ${share(row.reach - row.value)}` })),
    el("span", { class: "value" }, row.text),
  ]));
}
