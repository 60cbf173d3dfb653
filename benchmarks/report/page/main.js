// Composes the page: head, notices, highlights, machine.
function showHighlights() {
  const classified = models.filter((model) => model.accuracy);
  const timed = models.filter((model) => model.latency);
  const least = (list, value) => list.reduce((best, one) => (value(one) < value(best) ? one : best), list[0]);
  const best = Object.keys(HEADS).map((head) => least(classified.filter((model) => model.head === head), (model) => -model.accuracy.top1)).filter(Boolean);
  const fastest = least(timed, (model) => model.latency.p50_us);
  const smallest = least(models, (model) => model.size.bytes);
  const tiles = [
    ...best.map((model) => [`Best top-1, ${HEADS[model.head]}`, `${percent(model.accuracy.top1)} %`, model.name]),
    fastest && ["Fastest p50", `${micro(fastest.latency.p50_us)} µs`, fastest.name],
    smallest && ["Smallest file", `${kilo(smallest.size.bytes)} kB`, smallest.name],
    results.reference?.latency && ["Reference workload", `${micro(results.reference.latency.p50_us)} µs`, results.reference.name],
  ];
  $("highlights").replaceChildren(...tiles.filter(Boolean).map(([name, value, more]) => el("li", {}, el("span", {}, name), el("strong", {}, value), el("small", { title: more }, more))));
}

function stateText(state) {
  if (!state) return null;
  const clock = state.clock_mhz?.length && `${grouped(Math.min(...state.clock_mhz))} to ${grouped(Math.max(...state.clock_mhz))} MHz`;
  return [
    state.load && `load ${state.load[0].toFixed(2)}`,
    clock,
    state.temperature_c !== null && state.temperature_c !== undefined && `${grouped(state.temperature_c, 1)} °C`,
    state.throttled && (state.throttled.flags.length ? `throttled: ${state.throttled.flags.join(", ")}` : "not throttled"),
  ].filter(Boolean).join(", ");
}

function showMachine() {
  const { machine, protocol } = results;
  facts($("machine"), [
    ["host", machine.host], ["board", machine.board], ["processor", machine.cpu],
    ["architecture", machine.architecture], ["microarchitecture", machine.microarchitecture],
    ["core class", machine.core_class], ["instruction sets", machine.instruction_sets?.join(", ")],
    ["cores", machine.cores && `${machine.cores}${machine.cores_allowed && machine.cores_allowed !== machine.cores ? `, ${machine.cores_allowed} allowed` : ""}`],
    ["governor", machine.governor], ["before", stateText(machine.before)], ["after", stateText(machine.after)],
    ["system", machine.os], ["Python", `${machine.python}, numpy ${machine.numpy}`],
    ["rounds", `${grouped(protocol.rounds)} of ${plural(protocol.per_round, "call")} a model`],
    ["timed", protocol.timed],
  ]);
  $("conditions").replaceChildren(...conditions.map((line) => el("li", {}, line.replaceAll("`", ""))));
}

$("title").textContent = title;
$("subtitle").textContent = subtitle;
$("footer").textContent = `${results.created_by}, results of ${results.created}. Every figure on this page is in results.json, which it is a view of.`;
$("notices").hidden = !notices.length;
$("notices").append(...notices.map((line) => el("li", {}, line)));
$("model").append(...models.map((model) => el("option", {}, model.name)));
$("model").addEventListener("change", showModel);
showHighlights();
showFrame();
showMachine();
buildTable();
paretoFilters();
segmented($("confusion-unit"), [["percent", "row %"], ["count", "counts"]], unit, (value) => { unit = value; showConfusion(current()); });
if (models.length) showModel();
document.querySelector(".picker").hidden = !models.length;
document.querySelector(".grid").hidden = !models.length;
