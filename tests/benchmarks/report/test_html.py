import html as html_text
import json
import re
import shutil
import subprocess

import pytest

from benchmarks.report import html
from benchmarks.results.file import load

from ..full_results import full_results, results_1_0

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--enable-logging=stderr", "--window-size=900,1200", "--virtual-time-budget=3000"),
    "--dump-dom",
)


@pytest.fixture(scope="module")
def results():
    marks = ({"what": "busy", "text": "load 2.3 on 2 cores", "detail": {}},)
    return full_results(rounds=30, images=300, marks=marks)


@pytest.fixture(scope="module")
def browse(tmp_path_factory):
    """Open a page in Chromium, act on it, and return the value of a JavaScript expression."""
    if not CHROMIUM:
        pytest.skip("chromium is not installed")

    def run(page: str, script: str) -> dict:
        folder = tmp_path_factory.mktemp("browser")
        probe = f"""<script>
            setTimeout(() => {{
              const probe = document.createElement("pre");
              probe.id = "probe";
              probe.textContent = JSON.stringify((() => {{ {script} }})());
              document.body.append(probe);
            }}, 300);
            </script>"""
        (folder / "page.html").write_text(page.replace("</body>", probe + "</body>"))
        ran = subprocess.run(
            [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", folder / "page.html"],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert "CONSOLE" not in ran.stderr, ran.stderr
        found = re.search(r'<pre id="probe">(.*?)</pre>', ran.stdout, re.DOTALL)
        assert found, ran.stdout[-2000:]
        return json.loads(html_text.unescape(found[1]))

    return run


def test_the_page_is_one_file_that_fetches_nothing(results):
    page = html.page(results)
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:|#)""", page)
    assert not re.search(r"\b(?:fetch|XMLHttpRequest|import)\s*\(|@import|url\(", page)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_what_the_results_hold_cannot_leave_its_place(results):
    evil = "</script><script>alert(1)</script>{{script}}"
    changed = {**results, "data": {**results["data"], "name": evil}}
    page = html.page(changed)
    assert "<script>alert" not in page
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert json.loads(held[1])["results"]["data"]["name"] == evil


def test_without_javascript_there_is_the_table(results):
    shown = re.search(r"<noscript>(.*?)</noscript>", html.page(results), re.DOTALL)[1]
    for model in results["models"]:
        assert model["name"] in shown


def test_a_browser_draws_every_part_and_nothing_goes_wrong(browse, results):
    found = browse(
        html.page(results),
        """
        const count = (query) => document.querySelectorAll(query).length;
        const shown = (id) => document.getElementById(id).getClientRects().length > 0;
        const sections = ["pareto", "table", "confusion", "classes", "histogram", "rounds", "sweep",
                          "operators", "cold", "file", "frame", "machine"];
        return {
          points: count("#pareto .point"), rows: count("#table tbody tr"),
          cells: count("#confusion tbody td"), bars: count("#histogram rect"),
          rounds: count("#rounds circle"), fronts: count("#pareto .front"),
          notices: document.getElementById("notices").innerText,
          hidden: sections.filter((name) => !shown(`${name}-section`)),
          wide: document.documentElement.scrollWidth - innerWidth,
          unnamed: [...document.querySelectorAll("button, select, .point, input")]
            .filter((one) => !(one.innerText || one.ariaLabel || one.labels?.length)).length,
        };
        """,
    )
    assert (found["points"], found["rows"], found["fronts"]) == (7, 7, 2)
    assert (found["cells"], found["bars"], found["rounds"]) == (49, 24, 30)
    assert "load 2.3 on 2 cores" in found["notices"]
    assert found["hidden"] == []
    assert found["wide"] <= 0
    assert found["unnamed"] == 0


def test_hover_filters_sorting_and_the_choice_of_a_model_work(browse, results):
    found = browse(
        html.page(results),
        """
        const $$ = (query) => [...document.querySelectorAll(query)];
        const points = () => $$("#pareto .point").map((one) => one.dataset.name);
        const out = {};
        const point = () => document.querySelector("#pareto [data-name=fer2013_int8]");
        point().dispatchEvent(new Event("pointerenter"));
        out.tip = document.querySelector(".tip:not([hidden])").innerText;
        point().dispatchEvent(new Event("pointerleave"));
        out.left = $$(".tip:not([hidden])").length;
        document.querySelector(".chip input[value=float16]").click();
        document.querySelector(".chip input[value=ferplus]").click();
        out.filtered = points();
        const choice = document.getElementById("configuration");
        const at = () => +point().querySelector("circle").getAttribute("cx");
        const label = () => point().getAttribute("aria-label");
        const before = [at(), label()];
        document.querySelector("#scale [data-value=log]").click();
        out.moved = at() !== before[0];
        choice.value = "litert|builtin|1";
        choice.dispatchEvent(new Event("change"));
        out.slower = label() !== before[1];
        const names = () => $$("#table tbody tr").map((row) => row.dataset.name);
        const head = $$("#table thead th").find((one) => one.innerText.startsWith("p50"));
        head.querySelector("button").click();
        out.rising = [head.getAttribute("aria-sort"), names()];
        head.querySelector("button").click();
        out.falling = [head.getAttribute("aria-sort"), names()];
        $$("#table tbody tr").find((row) => row.dataset.name === "ferplus_int8").click();
        out.model = document.getElementById("model").value;
        out.cells = $$("#confusion tbody td").length;
        document.querySelector("#confusion-unit [data-value=count]").click();
        out.total = $$("#confusion tbody td").reduce((sum, cell) => sum + +cell.innerText, 0);
        document.getElementById("model").value = "emotion_model_quantized";
        document.getElementById("model").dispatchEvent(new Event("change"));
        out.cold = document.getElementById("cold-section").hidden;
        return out;
        """,
    )
    assert "fer2013_int8" in found["tip"] and "µs" in found["tip"] and "439 kB" in found["tip"]
    assert found["left"] == 0
    assert sorted(found["filtered"]) == [
        "emotion_model_quantized",
        "fer2013_dynamic",
        "fer2013_float32",
        "fer2013_int8",
    ]
    assert found["moved"] and found["slower"]
    by_time = sorted(results["models"], key=lambda model: model["latency"]["p50_us"])
    names = [model["name"] for model in by_time]
    assert found["rising"] == ["ascending", names]
    assert found["falling"] == ["descending", names[::-1]]
    assert (found["model"], found["cells"], found["total"]) == ("ferplus_int8", 64, 300)
    assert found["cold"] is True


def test_results_of_an_older_or_interrupted_run_have_a_page_too(browse, tmp_path):
    path = tmp_path / "older.json"
    path.write_text(json.dumps(results_1_0()))
    older = load(path) | {"partial": True}
    older["data"]["synthetic"] = True
    older["models"][0] |= {"accuracy": None, "latency": None}
    older["models"][2]["latency"] = None
    found = browse(
        html.page(older),
        """
        const points = document.querySelectorAll("#pareto .point").length;
        const model = document.getElementById("model");
        const hidden = [...model.options].map((one) => {
          model.value = one.value;
          model.dispatchEvent(new Event("change"));
          return [...document.querySelectorAll("section[hidden]")].length;
        });
        return { points, hidden, notices: document.getElementById("notices").innerText };
        """,
    )
    assert found["points"] == 1
    assert "Synthetic" in found["notices"] and "Partial" in found["notices"]
    assert found["hidden"][0] > found["hidden"][1]


PROBE = """<script>addEventListener("load", () => {
  const table = document.getElementById("table");
  document.title = `widths ${table.closest(".scroll").clientWidth} ${table.scrollWidth}`;
})</script></body>"""


@pytest.mark.parametrize("width", [1280, 1024])
def test_the_table_is_not_cut_on_a_laptop(tmp_path, width):
    if CHROMIUM is None:
        pytest.skip("no Chromium")
    results = full_results()
    results["models"][0]["name"] = "a-long-name-of-a-folder-fer2013_int8_rgb_uint8"
    page = tmp_path / "report.html"
    page.write_text(html.page(results).replace("</body>", PROBE), encoding="utf-8")
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path}", f"--window-size={width},900"]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True)
    found = re.search(r"widths (\d+) (\d+)", done.stdout)
    assert found, done.stderr[-500:]
    assert int(found[2]) <= int(found[1])
