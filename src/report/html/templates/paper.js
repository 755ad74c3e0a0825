"use strict";
// The figures of the paper: grids of panels, drawn as the data say.
(() => {
  const { el, plain, css, hue, faint, number, interval, axis, logAxis } = onset;
  const paper = onset.data.paper;
  const hidden = new Set();
  const families = [...new Set(Object.values(paper.models).map((m) => m.family))].sort((a, b) => a.localeCompare(b, "en"));

  const words = (label, x, y, low, high, panel) => {
    const model = paper.models[label];
    return [
      `<b>${plain(label)}</b>`, model?.family && `family ${plain(model.family)}`, model?.release && `released ${model.release}`,
      model && `compute ${number(model.compute)} FLOPs`,
      model && x === model.compute ? null : `${plain(panel.x.label || "x")}: ${number(x)}`,
      `${plain(panel.y.label || "score")}: ${number(y)}${interval(low, high)}`,
    ].filter(Boolean).join("<br>");
  };

  const build = (figure, state) => ({ linear, width }) => {
    const perRow = figure.columns;
    const chosen = figure.panels.map((panel, k) => ({ panel, row: Math.floor(k / perRow) }))
      .filter(({ row }) => figure.rows.length === 0 || state.row === "all" || figure.rows[row] === state.row);
    const columns = Math.max(1, Math.min(perRow, Math.floor(width / 190), chosen.length));
    const rowsOf = Math.ceil(chosen.length / columns);
    const cell = Math.max(170, Math.min(330, width / columns / Math.max(0.8, figure.aspect)));
    const notes = Math.max(...chosen.map(({ panel }) => panel.notes.length), 0);
    const gap = 62 + 16 * notes;
    const height = rowsOf * (cell + gap) + 70;
    const traces = [], rows = [], layout = { annotations: [], height, margin: { l: 62, r: 12, t: 12, b: 84 } };
    const area = height - 96;
    const legends = new Set();
    chosen.forEach(({ panel }, k) => {
      const n = k === 0 ? "" : String(k + 1);
      const at = { xaxis: `x${n}`, yaxis: `y${n}` };
      const [column, row] = [k % columns, Math.floor(k / columns)];
      const wide = (1 - 0.075 * (columns - 1)) / columns;
      const left = column * (wide + 0.075);
      const topEdge = 1 - (row * (cell + gap) + gap - 34) / area;
      const bottomEdge = Math.max(0, topEdge - cell / area);
      const same = (other, of) => other && other.panel[of].label === panel[of].label;
      const lastInColumn = !same(chosen[k + columns], "x");
      const firstInRow = column === 0 || !same(chosen[k - 1], "y");
      const make = (of, titled) => {
        const more = { anchor: of === "x" ? `y${n}` : `x${n}` };
        if (panel[of].tick_labels.length > 0) Object.assign(more, { tickvals: panel[of].ticks, ticktext: panel[of].tick_labels.map(plain) });
        const log = panel[of].log;
        const asLog = log && !(of === "x" && linear);
        if (panel[of].range) more.range = asLog ? panel[of].range.map(Math.log10) : panel[of].range;
        const title = titled ? plain(panel[of].label) : "";
        return log ? logAxis(title, !asLog, more) : axis(title, more);
      };
      layout[`xaxis${n}`] = { ...make("x", lastInColumn), domain: [left, left + wide] };
      layout[`yaxis${n}`] = { ...make("y", firstInRow), domain: [bottomEdge, Math.min(1, topEdge)] };
      const heading = [`<b>${plain(panel.name)}</b>`, ...panel.notes.map((note) => `<span style="font-size:11px">${plain(note)}</span>`)].join("<br>");
      layout.annotations.push({ text: heading, font: { size: 12 }, xref: `x${n} domain`, yref: `y${n} domain`, x: 0.5, y: 1, yanchor: "bottom", yshift: 2, showarrow: false });
      const xs = panel.layers.flatMap((l) => l.x).filter((v) => v != null), ys = panel.layers.flatMap((l) => [...l.y, ...l.low, ...l.high]).filter((v) => v != null);
      const [x0, x1] = panel.x.range ?? [Math.min(...xs), Math.max(...xs)], [y0, y1] = panel.y.range ?? [Math.min(...ys), Math.max(...ys)];
      for (const layer of panel.layers) {
        if (state.series.has(layer.series)) continue;
        const colour = hue(layer.hue);
        const entry = { name: plain(layer.series), legendgroup: layer.series, showlegend: !legends.has(layer.series), ...at };
        legends.add(layer.series);
        const skip = { hoverinfo: "skip" };
        if (layer.kind === "point") {
          const kept = layer.x.map((_, i) => i).filter((i) => !hidden.has(paper.models[layer.labels[i]]?.family));
          const pick = (column) => kept.map((i) => column[i]);
          const bars = kept.some((i) => layer.low[i] != null);
          const side = (end) => kept.map((i) => layer[end][i] == null ? 0 : Math.abs(layer[end][i] - layer.y[i]));
          traces.push({ type: "scatter", mode: "markers", x: pick(layer.x), y: pick(layer.y), customdata: kept.map((i) => `${words(layer.labels[i], layer.x[i], layer.y[i], layer.low[i], layer.high[i], panel)}<br>${plain(layer.series)}, ${plain(panel.name)}`), hovertemplate: "%{customdata}<extra></extra>", marker: { color: colour, symbol: layer.marker, size: 7, opacity: 0.9, line: { width: layer.marker.endsWith("-open") ? 1.6 : 0.6, color: layer.marker.endsWith("-open") ? colour : css("--paper") } }, ...(bars ? { error_y: { type: "data", symmetric: false, array: side("high"), arrayminus: side("low"), color: colour, thickness: 1.2, width: 2 } } : {}), ...entry });
        } else if (layer.kind === "line") {
          traces.push({ type: "scatter", mode: "lines", x: layer.x, y: layer.y, line: { color: colour, dash: layer.dash, width: 2 }, ...skip, ...entry });
        } else if (layer.kind === "band") {
          traces.push({ type: "scatter", mode: "lines", x: [...layer.x, ...[...layer.x].reverse()], y: [...layer.high, ...[...layer.low].reverse()], fill: "toself", fillcolor: faint(colour, 0.2), line: { width: 0 }, ...skip, ...entry });
        } else if (layer.kind === "bar") {
          traces.push({ type: "bar", x: layer.x, y: layer.y, width: layer.low.map((low, i) => layer.high[i] - low), marker: { color: colour, line: { color: css("--paper"), width: 1 } }, customdata: layer.x.map((x, i) => `<b>${plain(layer.series)}</b><br>${number(layer.low[i])} to ${number(layer.high[i])}: ${number(layer.y[i])}`), hovertemplate: "%{customdata}<extra></extra>", ...entry });
        } else if (layer.kind === "cell") {
          const text = css("--ink"), strength = (v) => Math.min(1, Math.abs(v ?? 0));
          traces.push({ type: "scatter", mode: "markers", x: layer.x, y: layer.y, marker: { symbol: "square", size: Math.max(5, Math.min(26, (0.9 * cell * Math.max(1, figure.aspect)) / new Set(layer.x).size)), color: layer.low.map((v) => faint(hue(v < 0 ? "comparison" : "reference"), strength(v))), line: { width: 0.3, color: text } }, customdata: layer.x.map((_, i) => `<b>${plain(layer.labels[i])}</b><br>${plain(layer.series)}: ${number(layer.low[i])}`), hovertemplate: "%{customdata}<extra></extra>", ...entry });
        } else if (layer.kind === "rule") {
          const across = layer.x[0] == null;
          const far = panel.x.log && !linear ? [x0 / 1e3, x1 * 1e3] : [x0, x1];
          traces.push({ type: "scatter", mode: "lines", x: across ? far : [layer.x[0], layer.x[0]], y: across ? [layer.y[0], layer.y[0]] : [y0, y1], line: { color: colour, dash: layer.dash, width: 1.2 }, ...skip, ...entry });
        }
        layer.x.forEach((x, i) => rows.push([panel.name, layer.kind, layer.series, layer.labels[i], x, layer.y[i], layer.low[i], layer.high[i]]));
      }
      // Rules reach far beyond the data; the axis must not.
      if (panel.layers.some((l) => l.kind === "rule" && l.x[0] == null) && !panel.x.range && xs.length > 0) {
        const log = panel.x.log && !linear;
        const [a, b] = log ? [Math.log10(Math.min(...xs)), Math.log10(Math.max(...xs))] : [Math.min(...xs), Math.max(...xs)];
        layout[`xaxis${n}`].range = [a - 0.05 * (b - a), b + 0.05 * (b - a)];
      }
    });
    layout.barmode = "overlay";
    return { traces, layout, revision: `${state.row}${columns}${figure.reading}`, table: { columns: ["panel", "kind", "series", "label", "x", "y", "low", "high"], rows } };
  };

  const shown = { reading: paper.readings[0] };
  const names = [...new Set(paper.figures.map((figure) => figure.name))];
  for (const name of names) {
    const readings = paper.figures.filter((figure) => figure.name === name);
    const current = () => readings.find((figure) => figure.reading === shown.reading) ?? readings[0];
    const state = { row: "all", series: new Set() };
    const series = [...new Set(readings.flatMap((f) => f.panels.flatMap((p) => p.layers.map((l) => l.series))))];
    const rows = current().rows;
    const controls = (draw) => {
      const parts = [];
      if (rows.length > 1) parts.push(el("label", {}, "Show ", el("select", { class: "rows", onchange: (event) => { state.row = event.target.value; draw(); } }, el("option", { value: "all" }, "all rows"), ...rows.map((row) => el("option", { value: row }, row)))));
      if (series.length > 1) parts.push(...series.map((one) => el("label", {}, el("input", { type: "checkbox", class: "series", checked: true, onchange: (event) => { event.target.checked ? state.series.delete(one) : state.series.add(one); draw(); } }), one)));
      return parts;
    };
    onset.figure(name, (view) => build(current(), state)(view), { log: current().panels.some((p) => p.x.log), controls });
  }

  const form = document.getElementById("show-all");
  form.addEventListener("submit", (event) => event.preventDefault());
  const readingNames = { paper: "as published", corrected: "corrected" };
  const caption = () => names.forEach((name) => {
    const figure = paper.figures.find((f) => f.name === name && f.reading === shown.reading);
    if (figure?.caption) document.getElementById(`caption-${name}`).textContent = figure.caption;
  });
  if (paper.readings.length > 1) form.append(el("fieldset", {}, el("legend", {}, "Reading"), ...paper.readings.map((reading) =>
    el("label", {}, el("input", { type: "radio", name: "reading", value: reading, checked: reading === shown.reading, onchange: () => { shown.reading = reading; caption(); onset.redraw(); } }), readingNames[reading] ?? reading))));
  form.append(el("details", { id: "show-all-families" }, el("summary", {}, "Families shown in every figure"),
    el("fieldset", {}, ...families.map((name) => el("label", {}, el("input", { type: "checkbox", checked: true, onchange: (event) => { event.target.checked ? hidden.delete(name) : hidden.add(name); onset.redraw(); } }), name)))));
})();
