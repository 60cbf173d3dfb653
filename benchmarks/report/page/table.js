// The table of all models, sortable by each column.
const COLUMNS = [
  { title: "model", value: (m) => m.name, cell: (m) => [dot(m), breakable(m.name), m.latency?.marked && el("span", { class: "tag warn" }, "marked"), el("small", {}, HEADS[m.head], m.peer && ", peer")] },
  { title: "precision", value: precisionOf },
  { title: "top-1 %", value: (m) => m.accuracy?.top1, show: percent, more: (m) => span(m.accuracy.top1_ci95, percent), falling: true },
  { title: "leak-free %", value: (m) => m.accuracy_leak_free?.top1, show: percent, more: (m) => span(m.accuracy_leak_free.top1_ci95, percent), falling: true },
  { title: "macro F1 %", value: (m) => m.accuracy?.macro_f1, show: percent, falling: true },
  { title: "ECE %", value: (m) => m.accuracy?.ece, show: percent },
  { title: "kB", value: (m) => m.size.bytes, show: kilo, more: (m) => `gzip ${kilo(m.size.bytes_gzip)}` },
  { title: "M mult-adds", value: (m) => m.size.multiply_adds, show: (v) => grouped(v / 1e6, 1) },
  { title: "p50 µs", value: (m) => m.latency?.p50_us, show: micro, more: (m) => span(m.latency.p50_us_ci95, micro) },
  { title: "p99 µs", value: (m) => m.latency?.p99_us, show: micro, more: (m) => `p90 ${micro(m.latency.p90_us)}` },
  { title: "x reference", value: (m) => m.latency?.ratio_to_reference, show: ratio, more: (m) => span(m.latency.ratio_to_reference_ci95, ratio) },
  { title: "first ms", value: (m) => m.cold?.first_ms?.p50, show: (v) => grouped(v, 2), more: (m) => `load ${known(m.cold.load_ms, (one) => grouped(one.p50, 1))}` },
  { title: "peak RSS MB", value: (m) => m.cold?.peak_rss_kb?.p50, show: (v) => grouped(v / 1000, 1) },
];
// A long name may be broken after each of its parts.
const breakable = (name) => name.split(/(?<=[_-])/).map((part) => [part, el("wbr")]);
const missing = (value) => value === null || value === undefined;
const shownColumns = COLUMNS.filter((column) => models.some((model) => !missing(column.value(model))));

function sortedModels(column, direction) {
  const sign = direction === "descending" ? -1 : 1;
  return [...models].sort((a, b) => {
    const [left, right] = [column.value(a), column.value(b)];
    if (missing(left) || missing(right)) return missing(left) - missing(right);
    return sign * (typeof left === "string" ? left.localeCompare(right, "en", { numeric: true }) : left - right);
  });
}

function cellOf(column, model) {
  const value = column.value(model);
  if (column.cell) return column.cell(model);
  if (missing(value)) return [NOTHING];
  return [column.show ? column.show(value) : value, column.more && el("small", {}, column.more(model))];
}

function fillTable(order = models) {
  $("table").tBodies[0].replaceChildren(...order.map((model) => el("tr", { "data-name": model.name, onclick: () => chooseModel(model.name) },
    shownColumns.map((column, i) => el(i ? "td" : "th", i ? {} : { scope: "row" }, cellOf(column, model))))));
  markRow();
}

function markRow() {
  for (const row of $("table").tBodies[0].rows) row.setAttribute("aria-selected", String(row.dataset.name === $("model").value));
}

function buildTable() {
  const heads = shownColumns.map((column) => el("th", { scope: "col" }, el("button", {
    type: "button",
    onclick: (event) => {
      const head = event.currentTarget.parentElement;
      const first = column.falling ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const direction = head.getAttribute("aria-sort") === first ? other : first;
      for (const one of head.parentElement.cells) one.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", direction);
      fillTable(sortedModels(column, direction));
    },
  }, column.title)));
  $("table").replaceChildren(el("thead", {}, el("tr", {}, heads)), el("tbody"));
  fillTable();
}
