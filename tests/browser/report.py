"""The report as a reader meets it, in a real browser. Run by run.sh; docs/report.md says how.

Each check is a function that is given the browser and the folder of pages, and raises AssertionError. An argument names a
folder that keeps the screenshots.
"""

import csv
import glob
import html
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

from driver import Browser

ONSET = os.environ["ONSET"]
HOSTILE = "<script>alert(1)</script>"
PUBLISHED = ["data/models.csv", "data/evaluations.csv", "--score", "mmlu", "--adjusted", "mmlu-aux:3"]
QUICK = ["--bootstrap", "199"]
EXAMPLE = "docs/example.csv"

PLOT = "document.querySelector(`[data-figure='${arguments[0]}'] .plot`)"
# Where a point of a trace stands in the window.
PLACE = f"""
    const plot = {PLOT}, trace = plot.data[arguments[1]], point = arguments[2], box = plot.getBoundingClientRect();
    const x = plot._fullLayout['xaxis' + (trace.xaxis ?? 'x').slice(1)], y = plot._fullLayout['yaxis' + (trace.yaxis ?? 'y').slice(1)];
    return [box.left + x._offset + x.d2p(trace.x[point]), box.top + y._offset + y.d2p(trace.y[point])];
"""


def onset(*arguments):
    ran = subprocess.run([ONSET, *arguments], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return ran.stdout


def hostile_table(path):
    with open(path, "w", encoding="utf-8") as out:
        out.write("model,family,compute,score,release\n")
        for k in range(16):
            x = 20 + 0.25 * k
            name = HOSTILE if k == 15 else f"m{k}"
            family = "</script><img src=x onerror=alert(2)>" if k > 13 else f"f{k // 3}"
            score = 0.25 + 0.1 * max(0, x - 22) + 0.003 * (k % 3)
            out.write(f"{name},{family},{10 ** x:e},{score},2023-{1 + k % 12:02}\n")


def load(browser, path):
    browser.open("file://" + path)
    browser.wait("return document.readyState === 'complete'")
    for figure in range(browser.run("return document.querySelectorAll('[data-figure]').length")):
        browser.run("document.querySelectorAll('[data-figure]')[arguments[0]].scrollIntoView()", figure)
        browser.wait(
            "const f = document.querySelectorAll('[data-figure]')[arguments[0]];"
            "return f.querySelector('.main-svg') || f.querySelector('.empty')",
            figure,
        )


def silent(browser):
    complaints = browser.errors()
    assert complaints == [], complaints


LABEL = "const t = [...document.querySelectorAll('.hoverlayer text')].map((t) => t.textContent).join('|'); return t && t"


def traces(browser, figure):
    return browser.run(f"return {PLOT}.data.map((t) => ({{name: t.name, n: t.x.length, points: !!t.customdata && t.mode === 'markers', panel: t.xaxis ?? 'x'}}))", figure)


def every_page_is_drawn_without_a_complaint(browser, pages):
    for page in sorted(glob.glob(f"{pages}/*.html")):
        load(browser, page)
        drawn = browser.run("return [...document.querySelectorAll('[data-figure]')].map((f) => f.querySelectorAll('.main-svg').length)")
        assert drawn and (any(drawn) or "json" in page), (page, drawn)
        silent(browser)
        loads = browser.run("return performance.getEntriesByType('resource').filter((r) => !r.name.startsWith('data:') && !r.name.startsWith('blob:')).map((r) => r.name)")
        assert loads == [], loads


def the_label_under_the_mouse_is_that_of_the_model(browser, pages):
    load(browser, f"{pages}/fit.html")
    browser.run("document.querySelector(\"[data-figure='scatter']\").scrollIntoView()")
    # Models that stand alone, so that no other one is as near.
    alone = browser.run(f"""
        const plot = {PLOT}, found = [];
        const all = plot.data.flatMap((t, i) => t.customdata && t.mode === 'markers' && (t.xaxis ?? 'x') === 'x' ? t.x.map((x, p) => [i, p, x, t.y[p], t.customdata[p]]) : []);
        for (const [i, p, x, y, text] of all) {{
            const near = all.filter((o) => Math.hypot(Math.log10(o[2] / x), 6 * (o[3] - y)) < 0.12).length;
            if (near === 1) found.push([i, p, text]);
        }}
        return found;
    """, "scatter")
    assert len(alone) > 5, alone
    for trace, point, text in alone[:: max(1, len(alone) // 5)]:
        browser.hover(*browser.run(PLACE, "scatter", trace, point))
        name = html.unescape(re.match(r"<b>(.*?)</b>", text).group(1))
        shown = browser.wait(LABEL.replace("t && t", "t.startsWith(arguments[0]) && t"), name, seconds=5)
        for part in ("family ", "released ", "compute ", "FLOPs", "score ", "["):
            assert part in shown, (name, shown)


def arrow_keys_step_through_the_models(browser, pages):
    load(browser, f"{pages}/fit.html")
    selector = "[data-figure='scatter'] .plot"
    browser.keys(selector, "\ue014\ue014")
    said = browser.run("return document.querySelector(\"[data-figure='scatter'] .step\").textContent")
    assert said.startswith("2 of 106: ") and "family" in said, said
    name = said.split(": ")[1].split(",")[0]
    # The label is drawn in the next frame.
    browser.wait(LABEL.replace("t && t", "t.startsWith(arguments[0])"), name, seconds=5)
    before = browser.run(f"return {PLOT}._fullLayout.xaxis.range", "scatter")
    browser.keys(selector, "+")
    zoomed = browser.wait(f"const r = {PLOT}._fullLayout.xaxis.range; return r[1] - r[0] < 0.8 * arguments[1] && r", "scatter", before[1] - before[0])
    browser.keys(selector, "0")
    browser.wait(f"const r = {PLOT}._fullLayout.xaxis.range; return Math.abs(r[0] - arguments[1]) < 1e-6 && r", "scatter", before[0])
    assert zoomed[0] > before[0]
    # Everything that can be used is reached by the tab key.
    hidden = browser.run("return [...document.querySelectorAll('button, select, input, summary')].filter((e) => e.tabIndex < 0).length")
    assert hidden == 0


def toggles_change_what_is_drawn(browser, pages):
    load(browser, f"{pages}/fit.html")
    models = lambda: sum(t["n"] for t in traces(browser, "scatter") if t["points"])
    assert models() == 106
    browser.click("input[name=condition][value=unadjusted]")
    assert models() == 53 and {t["panel"] for t in traces(browser, "scatter")} == {"x"}
    browser.click("#show-groups input")
    assert models() == 19
    browser.click("#show-groups input")
    browser.run("document.getElementById('show-families').open = true")
    browser.run("[...document.querySelectorAll('#show-families label')].find((l) => l.textContent === 'pythia').querySelector('input').click()")
    names = browser.run(f"return {PLOT}.data.flatMap((t) => t.customdata ?? []).join()", "scatter")
    assert "pythia" not in names and "llama-2-70b" in names
    browser.click("input[name=colour][value=family]")
    assert len({t["name"] for t in traces(browser, "scatter") if t["points"]}) == 19
    browser.run("const s = document.getElementById('show-curve'); s.value = 'logistic'; s.dispatchEvent(new Event('change'))")
    assert any(t["name"].startswith("logistic") for t in traces(browser, "scatter"))
    assert browser.run(f"return {PLOT}._fullLayout.xaxis.type", "scatter") == "log"
    browser.run("document.querySelector(\"[data-figure='scatter'] .tools input\").click()")
    assert browser.run(f"return {PLOT}._fullLayout.xaxis.type", "scatter") == "linear"
    silent(browser)
    load(browser, f"{pages}/paper.html")
    theta = lambda: browser.run(f"return {PLOT}._fullLayout.annotations.map((a) => a.text).join()", "main")
    published = theta()
    browser.click("input[name=reading][value=corrected]")
    assert "0.068" in published and theta() != published
    browser.run("const s = document.querySelector(\"[data-figure='main'] select.rows\"); s.value = 'Adjusted'; s.dispatchEvent(new Event('change'))")
    assert len({t["panel"] for t in traces(browser, "main")}) == 2
    count = len(traces(browser, "main"))
    browser.click("[data-figure='main'] input.series")
    assert len(traces(browser, "main")) < count
    silent(browser)


def a_study_and_a_lab_show_all_fits_and_each(browser, pages, keep):
    for page, fits, figure in (("study", 2, "emergence"), ("lab", 3, "main")):
        load(browser, f"{pages}/{page}.html")
        browser.screenshot(f"{keep}/{page}.png", whole=True)
        hover = browser.run(f"""
            const plot = {PLOT}; plot.scrollIntoView({{block: 'center'}});
            const trace = plot.data.findIndex((t) => t.customdata); return [trace, plot.data[trace].customdata[0]];
        """, figure)
        browser.hover(*browser.run(PLACE, figure, hover[0], 0))
        browser.wait(LABEL, seconds=5)
        assert "family" in hover[1] and "FLOPs" in hover[1], hover
        count = len(traces(browser, figure))
        browser.click(f"[data-figure='{figure}'] input.series")
        assert len(traces(browser, figure)) < count
        options = browser.run("return [...document.querySelectorAll('#which-fit option')].map((o) => o.textContent)")
        assert len(options) >= fits, options
        seen = set()
        for k in range(len(options)):
            browser.run("const s = document.getElementById('which-fit'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))", str(k))
            assert options[k] in browser.run("return document.getElementById('fit-title').textContent")
            seen.add(browser.run("return document.getElementById('region-summary').textContent"))
            browser.run("document.querySelector(\"[data-figure='scatter']\").scrollIntoView()")
            models = browser.wait(f"const p = {PLOT}; return p?.data && p.data.filter((t) => t.customdata).reduce((n, t) => n + t.x.length, 0)", "scatter")
            assert models >= 6, models
        assert len(seen) == len(options), seen
        silent(browser)


def tables_sort_and_figures_have_tables(browser, pages):
    load(browser, f"{pages}/fit.html")
    column = "return [...document.querySelectorAll('#table-models tbody tr')].map((r) => Number(r.cells[6].dataset.v))"
    browser.click("#table-models thead th:nth-child(7) button")
    scores = browser.run(column)
    assert scores == sorted(scores) and len(scores) == 106
    browser.click("#table-models thead th:nth-child(7) button")
    assert browser.run(column) == sorted(scores, reverse=True)
    assert browser.run("return document.querySelector('#table-models thead th:nth-child(7)').ariaSort") == "descending"
    browser.click("[data-figure='cutoffs'] .numbers summary")
    browser.wait("return document.querySelectorAll(\"[data-figure='cutoffs'] .numbers tbody tr\").length > 20")
    silent(browser)


def figures_and_tables_download(browser, pages):
    with tempfile.TemporaryDirectory() as folder:
        browser.emulate("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder)
        load(browser, f"{pages}/fit.html")
        buttons = browser.run("return [...document.querySelectorAll(\"[data-figure='scatter'] .tools button\")].map((b) => b.textContent)")
        for name in ("Download SVG", "Download CSV"):
            browser.click(f"[data-figure='scatter'] .tools button:nth-of-type({buttons.index(name) + 1})")
        browser.click("button.csv[data-table='models']")
        end = time.time() + 20
        while time.time() < end and not {"scatter.svg", "scatter.csv", "models.csv"} <= set(os.listdir(folder)):
            time.sleep(0.1)
        with open(f"{folder}/scatter.svg", encoding="utf-8") as svg:
            text = svg.read()
        assert text.startswith("<svg") and "Pretraining compute" in text
        with open(f"{folder}/models.csv", encoding="utf-8", newline="") as table:
            rows = list(csv.DictReader(table))
        with open("data/models.csv", encoding="utf-8", newline="") as table:
            known = {row["model"]: 6 * float(row["params"]) * float(row["tokens"]) for row in csv.DictReader(table)}
        assert len(rows) == 106 and all(abs(float(r["compute"]) / known[r["Model"]] - 1) < 1e-12 for r in rows)
        silent(browser)


def a_model_called_like_markup_stays_text(browser, pages):
    load(browser, f"{pages}/hostile.html")
    browser.run("document.querySelector(\"[data-figure='scatter']\").scrollIntoView()")
    trace, point = browser.run(f"const p = {PLOT}; const i = p.data.findIndex((t) => t.customdata?.some((c) => c.includes('alert'))); return [i, p.data[i].customdata.findIndex((c) => c.includes('alert(1)'))]", "scatter")
    browser.hover(*browser.run(PLACE, "scatter", trace, point))
    shown = browser.wait(LABEL.replace("t && t", "t.includes('alert') && t"), seconds=5)
    assert shown.startswith(HOSTILE), shown
    cells = browser.run("return [...document.querySelectorAll('#table-models tbody th')].map((c) => c.textContent)")
    assert HOSTILE in cells
    browser.run("document.querySelectorAll('.numbers').forEach((d) => { d.open = true; })")
    browser.keys("[data-figure='scatter'] .plot", "\ue012")
    browser.run("document.querySelector('input[name=colour][value=family]').click()")
    time.sleep(0.3)
    assert browser.run("return document.querySelectorAll('main img, main script, .plot img').length") == 0
    assert browser.run("return document.scripts.length") == 4
    silent(browser)


def light_dark_and_print_differ_where_they_should(browser, pages, keep):
    load(browser, f"{pages}/fit.html")
    paper = lambda: browser.run(f"return {PLOT}._fullLayout.paper_bgcolor", "scatter")
    browser.run("document.querySelector(\"[data-figure='scatter']\").scrollIntoView()")
    browser.colours("light")
    browser.wait(f"return {PLOT}._fullLayout.paper_bgcolor === '#ffffff'", "scatter")
    browser.screenshot(f"{keep}/light.png", whole=True)
    browser.colours("dark")
    browser.wait(f"return {PLOT}._fullLayout.paper_bgcolor === '#14171a'", "scatter")
    browser.screenshot(f"{keep}/dark.png", whole=True)
    browser.run("document.getElementById('theme').click()")
    assert paper() == "#ffffff"
    browser.run("document.getElementById('theme').click()")
    browser.colours("light")
    assert paper() == "#14171a"
    browser.print(f"{keep}/print.pdf")
    assert paper() == "#14171a"
    browser.run("document.getElementById('theme').click()")
    # At the width of a telephone the page itself does not scroll sideways.
    browser.window(390, 844)
    time.sleep(0.5)
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    browser.screenshot(f"{keep}/narrow.png", whole=True)
    silent(browser)


def every_control_has_a_name(browser, pages):
    for page in ("fit.html", "paper.html", "study.html", "lab.html"):
        load(browser, f"{pages}/{page}")
        nameless = browser.run("""
            const named = (e) => e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length > 0;
            return [...document.querySelectorAll('button, select, input, summary')].filter((e) => !named(e)).map((e) => e.outerHTML);
        """)
        assert nameless == [], nameless
        twice = browser.run("const ids = [...document.querySelectorAll('[id]:not(svg *)')].map((e) => e.id); return ids.filter((id, k) => ids.indexOf(id) !== k)")
        assert twice == [], twice


def live_refits_follow_the_controls(browser, keep):
    server = subprocess.Popen([ONSET, "explore", *PUBLISHED, *QUICK], stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().split()[0]
        browser.open(address)
        browser.wait("return document.readyState === 'complete'")
        browser.run("document.querySelector(\"[data-figure='scatter']\").scrollIntoView()")
        browser.wait(f"return {PLOT}?.data", "scatter")
        status = "return document.getElementById('live-status').textContent"
        summary = "return document.getElementById('region-summary').textContent"
        began = browser.run(summary)
        browser.run("document.getElementById('live-cutoff').value = '20'; document.getElementById('live-cutoff').dispatchEvent(new Event('input'))")
        browser.wait("return document.body.dataset.live === 'quick'", seconds=30)
        said = browser.run(status)
        month = browser.run("return document.querySelector('#live output').textContent")
        assert "Quick answer: 199" in said and f"released from {month} on" in browser.run(summary), said
        assert browser.run(summary) != began
        assert any(month in t["name"] for t in traces(browser, "scatter"))
        browser.wait("return document.body.dataset.live === 'full'", seconds=60)
        assert "Full answer" in browser.run(status)
        times = []
        changes = [
            "document.querySelector('#live-families input').click()",
            "const s = document.getElementById('live-covariance'); s.value = 'HC1'; s.dispatchEvent(new Event('change'))",
            "const s = document.getElementById('live-chance'); s.value = 'free'; s.dispatchEvent(new Event('change'))",
            "const s = document.getElementById('live-chance'); s.value = 'known'; s.dispatchEvent(new Event('change'))",
            "const s = document.getElementById('live-score'); s.value = 'gsm8k'; s.dispatchEvent(new Event('change'))",
            "const s = document.getElementById('live-curve'); s.value = 'linear'; s.dispatchEvent(new Event('change'))",
        ]
        for change in changes:
            browser.run("document.body.dataset.live = ''; " + change)
            browser.wait("return document.body.dataset.live === 'quick'", seconds=30)
            times.append([int(ms) for ms in re.findall(r"(\d+) ms", browser.run(status))])
        assert "GSM8K" in browser.run(summary)
        print("    fitted, shown (ms):", ", ".join(f"{fitted}, {shown}" for fitted, shown in times))
        browser.screenshot(f"{keep}/explore.png")
        silent(browser)
        # The page asks again when the controls rest; it is left before its server ends.
        browser.open("about:blank")
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0


def the_first_screen_has_the_estimates_and_the_figure(browser, pages, keep):
    load(browser, f"{pages}/fit.html")
    for width in [1280, 800, 390]:
        browser.window(width, 900)
        wide = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"at {width} pixels the page is {wide} too wide"
        hidden = browser.run("const g = document.querySelector('.glance'); return g.scrollWidth - g.clientWidth")
        assert hidden <= 1, f"at {width} pixels {hidden} of the first table are hidden"
        browser.run("scrollTo(0, 0)")
        browser.screenshot(f"{keep}/first-{width}.png")
    browser.window(1280, 900)
    top = "return document.querySelector(arguments[0]).getBoundingClientRect().top + scrollY"
    assert browser.run(top, ".glance") < browser.run(top, "[data-figure='scatter']") < 900
    assert browser.run(top, "[data-figure='scatter']") < browser.run(top, "#words-title")
    assert browser.run("return document.querySelectorAll('.glance tbody tr').length") == 4
    targets = browser.run("return [...document.querySelectorAll('.contents a')].map((a) => a.hash)")
    assert len(targets) == 6, targets
    for target in targets:
        assert browser.run("return document.querySelector(arguments[0]) !== null", target), target
    heads = "return [...document.querySelectorAll('#table-estimates thead th')].map((h) => getComputedStyle(h).textAlign)"
    assert browser.run(heads)[1:4] == ["left", "right", "right"], browser.run(heads)


def every_state_of_the_live_page_has_an_address_and_a_command(browser):
    with open(EXAMPLE, encoding="utf-8") as table:
        assert table.readline().startswith("model,family")
    server = subprocess.Popen([ONSET, "explore", EXAMPLE, "--score", "exam", "--chance", "0.25", "--level", "0.9", *QUICK], stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().split()[0]
        browser.open(address)
        browser.wait("return document.readyState === 'complete'")
        command = "return document.getElementById('live-command').textContent"
        assert browser.run(command).startswith(f"onset fit {EXAMPLE} --bootstrap"), browser.run(command)
        browser.run("const s = document.getElementById('live-curve'); s.value = 'linear'; s.dispatchEvent(new Event('change'))")
        browser.run("document.querySelector('#live-families input').click()")
        browser.wait("return document.body.dataset.live === 'full'", seconds=60)
        family = browser.run("return onset.data.live.families[0]")
        hash = browser.run("return location.hash")
        assert "curve=linear" in hash and f"without={family}" in hash, hash
        found = browser.run("return document.querySelector('.glance').textContent")
        line = browser.run(command)
        # The command says what the page says.
        report = json.loads(onset(*shlex.split(line)[1:], "--format", "json"))
        assert report["settings"]["level"] == 0.9 and report["curve"] == "linear", line
        assert report["n_families"] == len(browser.run("return onset.data.live.families")) - 1, line
        # So does the address, in a page of its own.
        browser.open("about:blank")
        browser.open(address + hash)
        browser.wait("return document.body.dataset.live === 'full'", seconds=60)
        assert browser.run("return document.querySelector('.glance').textContent") == found
        assert not browser.run("return document.querySelector('#live-families input').checked")
        assert browser.run("return document.getElementById('live-curve').value") == "linear"
        box = "const b = document.getElementById('live').getBoundingClientRect(); return [b.top, b.bottom]"
        browser.run("document.getElementById('methods-title').scrollIntoView()")
        top, bottom = browser.run(box)
        assert 0 <= top < 900 and bottom > 0, (top, bottom)
        silent(browser)
        # The page asks again when the controls rest; it is left before its server ends.
        browser.open("about:blank")
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0


def main():
    keep = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as pages:
        keep = keep or pages
        os.makedirs(keep, exist_ok=True)
        hostile_table(f"{pages}/hostile.csv")
        onset("report", *PUBLISHED, *QUICK, "--out", f"{pages}/fit.html")
        onset("report", f"{pages}/hostile.csv", "--chance", "0.25", "--cutoff", "2023-06", *QUICK, "--out", f"{pages}/hostile.html")
        onset("reproduce", "--only", "main,brier,emergence,pareto,causal_direct", "--out", f"{pages}/figures")
        onset("report", f"{pages}/figures", "--out", f"{pages}/paper.html")
        with open("studies/tiny.toml", encoding="utf-8") as study, open(f"studies/.browser-{os.getpid()}.toml", "w", encoding="utf-8") as copy:
            copy.write(re.sub(r"(?m)^output = .*$", f'output = "{pages}/study"', study.read()))
        try:
            onset("study", "run", copy.name)
        finally:
            os.remove(copy.name)
        onset("report", f"{pages}/study", "--out", f"{pages}/study.html")
        onset("report", "data/lab/quick", "--out", f"{pages}/lab.html")
        failed = 0
        with Browser() as browser:
            checks = [
                (every_page_is_drawn_without_a_complaint, (pages,)),
                (the_label_under_the_mouse_is_that_of_the_model, (pages,)),
                (arrow_keys_step_through_the_models, (pages,)),
                (toggles_change_what_is_drawn, (pages,)),
                (a_study_and_a_lab_show_all_fits_and_each, (pages, keep)),
                (tables_sort_and_figures_have_tables, (pages,)),
                (figures_and_tables_download, (pages,)),
                (a_model_called_like_markup_stays_text, (pages,)),
                (every_control_has_a_name, (pages,)),
                (light_dark_and_print_differ_where_they_should, (pages, keep)),
                (the_first_screen_has_the_estimates_and_the_figure, (pages, keep)),
                (live_refits_follow_the_controls, (keep,)),
                (every_state_of_the_live_page_has_an_address_and_a_command, ()),
            ]
            for check, arguments in checks:
                name = check.__name__.replace("_", " ")
                browser.emulate("Emulation.clearDeviceMetricsOverride")
                try:
                    check(browser, *arguments)
                    print(f"ok      {name}")
                except (AssertionError, RuntimeError) as error:
                    failed += 1
                    print(f"FAILED  {name}: {error}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
