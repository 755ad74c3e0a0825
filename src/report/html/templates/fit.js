"use strict";
// The figures of a fit, and what is shown in them.
(() => {
  const { el, plain, css, hue, faint, number, interval, axis, logAxis } = onset;
  let fit = onset.data.fit;
  const shown = { condition: "both", colour: "group", curve: null, groups: new Set(), families: new Set() };
  const markers = ["circle", "triangle-up", "square", "diamond"];

  const conditions = () => {
    const all = [{ key: "unadjusted", title: fit.adjusted || fit.report.adjusted ? "Before adjustment" : "", drawn: fit.unadjusted, analysis: fit.report, hue: 2, symbol: "circle" }];
    if (fit.report.adjusted) all.push({ key: "adjusted", title: "After adjustment", drawn: fit.adjusted ?? { models: [], lines: [] }, analysis: fit.report.adjusted, hue: 3, symbol: "diamond" });
    return all.filter((one) => all.length === 1 || shown.condition === "both" || shown.condition === one.key);
  };
  const percent = (share) => `${Math.round(1e4 * share) / 100} %`;
  const isLog = () => fit.report.predictor.scale === "log10";
  const place = (position) => isLog() ? 10 ** position : position;
  const predictor = () => fit.labels.predictor;
  const unit = () => fit.labels.unit;
  const score = () => fit.labels.score;
  const groupName = (k) => fit.labels.groups[k];
  const groupHue = (k) => hue(fit.report.groups.length > 1 ? k : k === 0 ? "reference" : "comparison");
  const families = () => [...new Set([fit.unadjusted, fit.adjusted].flatMap((drawn) => drawn ? drawn.models.map((m) => m.family) : []))].sort((a, b) => a.localeCompare(b, "en"));
  const familyHue = (name) => hue(families().indexOf(name));
  const familySymbol = (name, group) => markers[Math.floor(families().indexOf(name) / 10) % 4] + (group > 0 ? "-open" : "");
  const visible = (m) => !shown.groups.has(m.group) && !shown.families.has(m.family);

  const words = (m, more = []) => [
    `<b>${plain(m.model)}</b>`, `family ${plain(m.family)}`, m.release ? `released ${m.release}` : null,
    `${plain(fit.report.predictor.name)} ${number(m.x)}${unit()}`, `score ${number(m.score)}${interval(m.score_low, m.score_high)}`, ...more,
  ].filter(Boolean).join("<br>");
  const columnsOf = (models, y, more, cond) => ({
    customdata: models.map((m) => `${words(m, more(m))}${cond.title ? `<br>${cond.title.toLowerCase()}` : ""}`),
    hovertemplate: "%{customdata}<extra></extra>", x: models.map((m) => m.x), y: models.map(y),
  });

  /** One panel per condition, side by side, or above each other where the page is narrow. */
  const panels = (list, width, y) => {
    const stacked = width < 640 && list.length > 1;
    const layout = { annotations: [], height: stacked ? 880 : 460, ...(width < 640 ? { margin: { l: 56, r: 8, t: 36, b: 190 } } : {}) };
    list.forEach((cond, k) => {
      const n = k === 0 ? "" : String(k + 1);
      const half = list.length > 1 ? (k === 0 ? [0, 0.485] : [0.515, 1]) : [0, 1];
      layout[`xaxis${n}`] = { ...y.x(), anchor: `y${n}`, domain: stacked ? [0, 1] : half };
      layout[`yaxis${n}`] = { ...y.y(k === 0 || stacked), anchor: `x${n}`, ...(k > 0 ? { matches: "y" } : {}),
        domain: stacked ? (k === 0 ? [0.61, 1] : [0, 0.39]) : [0, 1], showticklabels: k === 0 || stacked };
      if (k > 0) layout[`xaxis${n}`].matches = "x";
      if (cond.title) layout.annotations.push({ text: `<b>${cond.title}</b>`, xref: `x${n} domain`, yref: `y${n} domain`, x: 0.5, y: 1, yanchor: "bottom", yshift: 6, showarrow: false });
    });
    return layout;
  };
  const refs = (k) => ({ xaxis: k === 0 ? "x" : `x${k + 1}`, yaxis: k === 0 ? "y" : `y${k + 1}` });

  const span = (values) => values.reduce(([low, high], v) => v == null ? [low, high] : [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
  const nearScores = (models, level) => {
    const [low, high] = span(models.map((m) => m.score));
    return level != null && level >= low - 0.25 * (high - low) && level <= high;
  };

  const scatter = ({ linear, width }) => {
    const list = conditions();
    const traces = [], rows = [];
    const everyone = list.flatMap((c) => c.drawn.models);
    const [left, right] = span(everyone.map((m) => m.x));
    const chance = nearScores(everyone, fit.report.chance) ? fit.report.chance : null;
    const [low, high] = span([...everyone.map((m) => m.score), chance]);
    const margin = 0.06 * (high - low) || 0.05;
    const [bottom, top] = [low - 40 * margin, high + 40 * margin];
    const log = isLog() && !linear;
    const pad = log ? (right / left) ** 0.04 : 0;
    const edge = log ? [left / pad, right * pad] : [left - 0.04 * (right - left), right + 0.04 * (right - left)];
    list.forEach((cond, k) => {
      const at = refs(k), first = k === 0, a = cond.analysis;
      const curve = shown.curve ?? a.curve;
      const note = (text) => ({ customdata: undefined, hoverinfo: "skip", ...at });
      if (chance != null) traces.push({ type: "scatter", mode: "lines", x: [edge[0] / 1e3, edge[1] * 1e3], y: [chance, chance], line: { color: hue("context"), width: 1.2, dash: "dash" }, name: "Chance", legendgroup: "chance", showlegend: first, ...note() });
      const emerges = a.shown === "emergence";
      const pieces = !emerges ? [] : a.c_set ? a.c_set.map(([l, h]) => [l == null ? null : place(l), h == null ? null : place(h)]) : a.c_e.low != null || a.c_e.high != null ? [[a.c_e.low, a.c_e.high]] : [];
      if (curve === a.curve) {
        pieces.forEach(([l, h], piece) => {
          const [from, to] = [l ?? left / 1e3, h ?? right * 1e3];
          traces.push({ type: "scatter", mode: "lines", x: [from, to, to, from, from], y: [bottom, bottom, top, top, bottom], fill: "toself", fillcolor: faint(hue("context"), 0.14), line: { width: 0 }, name: `Point of emergence, ${percent(fit.report.settings.level)}`, legendgroup: "c", showlegend: first && piece === 0, ...note() });
        });
        if (emerges && a.c_e.estimate != null) traces.push({ type: "scatter", mode: "lines", x: [a.c_e.estimate, a.c_e.estimate], y: [bottom, top], line: { color: hue("context"), width: 1.6, dash: "dot" }, name: "Point of emergence", legendgroup: "c1", showlegend: first, ...at, hovertemplate: `point of emergence ${number(a.c_e.estimate)}${unit()}${interval(a.c_e.low, a.c_e.high)}<extra></extra>` });
        if (emerges && a.c_e.estimate != null) rows.push([cond.title, "point of emergence", "", "", "", a.c_e.estimate, "", null, a.c_e.low, a.c_e.high, null, null]);
      }
      for (let g = 0; g <= fit.report.groups.length; g++) {
        if (shown.groups.has(g)) continue;
        const line = cond.drawn.lines.find((l) => l.curve === curve && l.group === g);
        const own = cond.drawn.models.filter((m) => m.group === g).map((m) => m.x);
        const asked = (a.curves ?? []).flatMap((c) => c.predictions.map((p) => p.x));
        const [from, to] = span([...own, ...asked]);
        if (!line || own.length === 0) continue;
        const kept = line.x.map((x, i) => i).filter((i) => line.x[i] >= from && line.x[i] <= to);
        const pick = (column) => kept.map((i) => column[i]);
        const colour = groupHue(g);
        const low = pick(line.low), high = pick(line.high);
        if (low.some((l, i) => l != null && l < high[i])) {
          traces.push({ type: "scatter", mode: "lines", x: [...pick(line.x), ...pick(line.x).reverse()], y: [...high, ...[...low].reverse()], fill: "toself", fillcolor: faint(colour, 0.16), line: { width: 0 }, showlegend: false, legendgroup: `g${g}`, name: `${plain(groupName(g))}, band`, ...note() });
        }
        traces.push({ type: "scatter", mode: "lines", x: pick(line.x), y: pick(line.score), line: { color: colour, width: 2.4 }, name: `${plain(curve)}, ${plain(groupName(g))}`, legendgroup: `l${g}`, showlegend: first, ...note() });
        kept.forEach((i) => rows.push([cond.title, "curve", "", "", "", line.x[i], groupName(g), line.score[i], line.low[i], line.high[i], null, null]));
        const beside = a.hinge && curve !== "hinge" ? cond.drawn.lines.find((l) => l.curve === "hinge" && l.group === g) : null;
        if (beside) {
          const own = beside.x.map((x, i) => i).filter((i) => beside.x[i] >= from && beside.x[i] <= to);
          traces.push({ type: "scatter", mode: "lines", x: own.map((i) => beside.x[i]), y: own.map((i) => beside.score[i]), line: { color: colour, width: 1.4, dash: "dot" }, name: "Hinge, the paper’s curve", legendgroup: "hinge", showlegend: first && g === 0, ...note() });
        }
      }
      const point = (models, name, marker, legend) => {
        if (models.length === 0) return;
        traces.push({ type: "scatter", mode: "markers", ...columnsOf(models, (m) => m.score, (m) => [m.fitted == null ? null : `curve ${number(m.fitted)}, residual ${number(m.residual)}`, m.held_out ? `held out; predicted${interval(m.low, m.high)}` : null], cond), marker: { size: 9, line: { width: 1, color: css("--paper") }, ...marker }, name: plain(name), legendgroup: legend, showlegend: first, ...at });
      };
      const seen = cond.drawn.models.filter(visible);
      const held = { symbol: "circle-open", line: { width: 2 } };
      if (shown.colour === "family") {
        for (const family of families()) for (let g = 0; g <= fit.report.groups.length; g++) {
          point(seen.filter((m) => m.family === family && m.group === g && !m.held_out), family, { color: familyHue(family), symbol: familySymbol(family, g), ...(g > 0 ? { line: { width: 2.2, color: familyHue(family) } } : {}) }, `f${family}`);
        }
        point(seen.filter((m) => m.held_out), "Held out", { color: hue("context"), ...held }, "held");
        const named = new Set();
        traces.forEach((t) => { if (t.legendgroup?.startsWith("f")) { t.showlegend = t.showlegend && !named.has(t.name); named.add(t.name); } });
      } else {
        for (let g = 0; g <= fit.report.groups.length; g++) {
          point(seen.filter((m) => m.group === g && !m.held_out), groupName(g), { color: groupHue(g), symbol: markers[g % 4] }, `g${g}`);
          point(seen.filter((m) => m.group === g && m.held_out), `${groupName(g)}, held out`, { color: groupHue(g), ...held }, `h${g}`);
        }
      }
      seen.forEach((m) => rows.push([cond.title, m.held_out ? "held out" : "model", m.model, m.family, m.release ?? "", m.x, groupName(m.group), m.score, m.score_low, m.score_high, m.fitted, m.residual]));
    });
    const range = log ? edge.map(Math.log10) : edge;
    const layout = panels(list, width, {
      x: () => isLog() ? logAxis(plain(predictor()), linear, { range }) : axis(plain(predictor()), { range }),
      y: (titled) => axis(titled ? plain(score()) : "", { range: [low - margin, high + margin] }),
    });
    if (shown.colour === "family") { layout.height += 90; layout.margin = { l: 60, r: 16, t: 36, b: 190 }; }
    return { traces, layout, revision: `${shown.condition}${list.length}`, table: { columns: ["score", "kind", "model", "family", "released", fit.report.predictor.name, "group", "value", "low", "high", "curve", "residual"], rows } };
  };

  const residuals = ({ linear, width }) => {
    const list = conditions();
    const traces = [], rows = [];
    list.forEach((cond, k) => {
      for (let g = 0; g <= fit.report.groups.length; g++) {
        const models = cond.drawn.models.filter((m) => m.group === g && m.residual != null && visible(m));
        if (models.length === 0) continue;
        traces.push({ type: "scatter", mode: "markers", ...columnsOf(models, (m) => m.residual, (m) => [`residual ${number(m.residual)}${m.standardized == null ? "" : ` (${number(m.standardized)} standard deviations)`}`, m.leverage == null ? null : `leverage ${number(m.leverage)}`], cond), marker: { size: 8, color: groupHue(g), symbol: markers[g % 4], line: { width: 1, color: css("--paper") } }, name: plain(groupName(g)), legendgroup: `g${g}`, showlegend: k === 0, ...refs(k) });
        models.forEach((m) => rows.push([cond.title, m.model, m.family, m.x, m.residual, m.standardized, m.leverage, m.held_out ? "held out" : "fitted"]));
      }
    });
    if (rows.length === 0) return { empty: "There are no residuals to show." };
    const layout = panels(list, width, {
      x: () => isLog() ? logAxis(plain(predictor()), linear) : axis(plain(predictor())),
      y: (titled) => axis(titled ? "Score minus curve" : "", { zeroline: true, zerolinecolor: hue("context") }),
    });
    return { traces, layout, revision: `${shown.condition}${list.length}`, table: { columns: ["score", "model", "family", fit.report.predictor.name, "residual", "standardized", "leverage", "part"], rows } };
  };

  /** A vertical line at an estimate with its interval shaded behind it. */
  const estimateShapes = (parameter, colour) => {
    if (parameter.estimate == null) return [];
    const shapes = [{ type: "line", xref: "x", yref: "paper", x0: parameter.estimate, x1: parameter.estimate, y0: 0, y1: 1, line: { color: colour, width: 1.6 } }];
    if (parameter.low != null && parameter.high != null) shapes.unshift({ type: "rect", xref: "x", yref: "paper", x0: parameter.low, x1: parameter.high, y0: 0, y1: 1, line: { width: 0 }, fillcolor: faint(colour, 0.1), layer: "below" });
    return shapes;
  };
  const zero = () => ({ type: "line", xref: "x", yref: "paper", x0: 0, x1: 0, y0: 0, y1: 1, line: { color: hue("context"), width: 1, dash: "dash" } });

  const without = () => {
    const traces = [], rows = [], shapes = [zero()];
    let clusters = null;
    for (const cond of conditions()) {
      const found = new Map();
      for (const m of cond.drawn.models) if (m.theta_without_cluster != null && !m.held_out && !found.has(m.cluster)) found.set(m.cluster, { theta: m.theta_without_cluster, n: cond.drawn.models.filter((o) => o.cluster === m.cluster).length });
      if (found.size === 0) continue;
      clusters ??= [...found.entries()].sort((a, b) => a[1].theta - b[1].theta).map(([name]) => name);
      const here = clusters.filter((name) => found.has(name));
      const colour = hue(cond.hue);
      traces.push({ type: "scatter", mode: "markers", y: here.map(plain), x: here.map((name) => found.get(name).theta), customdata: here.map((name) => `<b>without ${plain(name)}</b> (${found.get(name).n} models)<br>θ ${number(found.get(name).theta)}; with it ${number(cond.analysis.theta.estimate)}${cond.title ? `<br>${cond.title.toLowerCase()}` : ""}`), hovertemplate: "%{customdata}<extra></extra>", marker: { size: 9, color: colour, symbol: cond.symbol }, name: cond.title || "θ without the cluster", showlegend: true });
      shapes.push(...estimateShapes(cond.analysis.theta, colour));
      here.forEach((name) => rows.push([cond.title, name, found.get(name).n, found.get(name).theta, found.get(name).theta - cond.analysis.theta.estimate]));
    }
    if (rows.length === 0) return { empty: "There is no difference between groups to leave a family out of, or it comes with the full answer." };
    return { traces, revision: shown.condition, layout: { shapes, height: Math.max(300, 24 * clusters.length + 140), xaxis: axis("θ without the family"), yaxis: axis("", { type: "category", categoryorder: "array", categoryarray: clusters.map(plain) }) }, table: { columns: ["score", "cluster left out", "its models", "theta", "change"], rows } };
  };

  const cutoffs = () => {
    const traces = [], rows = [];
    const chosen = fit.labels.cutoff;
    for (const cond of conditions()) {
      const all = (cond.analysis.cutoffs ?? []).filter((c) => c.theta != null);
      if (all.length === 0) continue;
      const side = (end) => all.map((c) => c[end] == null ? 0 : Math.abs(c[end] - c.theta));
      traces.push({ type: "scatter", mode: "lines+markers", x: all.map((c) => `${c.cutoff}-01`), y: all.map((c) => c.theta), error_y: { type: "data", symmetric: false, array: side("high"), arrayminus: side("low"), color: hue(cond.hue), thickness: 1.2, width: 3 }, line: { color: hue(cond.hue), width: 1.2 }, marker: { color: hue(cond.hue), symbol: cond.symbol, size: all.map((c) => c.cutoff === chosen ? 13 : 7) }, customdata: all.map((c) => `<b>new from ${c.cutoff} on</b>: ${c.n_models} models<br>θ ${number(c.theta)}${interval(c.low, c.high)}${c.p_value == null ? "" : `, p ${number(c.p_value)}`}${cond.title ? `<br>${cond.title.toLowerCase()}` : ""}`), hovertemplate: "%{customdata}<extra></extra>", name: cond.title || "θ", showlegend: true });
      all.forEach((c) => rows.push([cond.title, c.cutoff, c.n_models, c.theta, c.se, c.low, c.high, c.p_value, c.holm, c.benjamini_hochberg]));
    }
    if (rows.length === 0) return { empty: "The cut-off was not varied: that needs a release month for every model, and the release as the only group." };
    const shapes = [{ type: "line", xref: "paper", yref: "y", x0: 0, x1: 1, y0: 0, y1: 0, line: { color: hue("context"), width: 1, dash: "dash" } }];
    if (chosen) shapes.push({ type: "line", xref: "x", yref: "paper", x0: `${chosen}-01`, x1: `${chosen}-01`, y0: 0, y1: 1, line: { color: hue("context"), width: 1.4, dash: "dot" } });
    return { traces, revision: shown.condition, layout: { shapes, xaxis: axis("Month from which on a model counts as new", { type: "date", tickformat: "%Y-%m", hoverformat: "%Y-%m" }), yaxis: axis("θ") }, table: { columns: ["score", "cut-off", "new models", "theta", "se", "low", "high", "p", "Holm", "Benjamini–Hochberg"], rows } };
  };

  const curves = ({ width }) => {
    const list = conditions();
    const traces = [], rows = [];
    list.forEach((cond, k) => {
      const all = [...(cond.analysis.curves ?? [])].filter((c) => !c.failed).reverse();
      const kinds = [["rmse_without_model", "each model from the others", "circle", 5], ["rmse_without_family", "each family from the others", "square", 6]];
      for (const [field, name, symbol, colour] of kinds) {
        const known = all.filter((c) => c[field] != null);
        traces.push({ type: "scatter", mode: "markers", y: known.map((c) => c.curve === cond.analysis.selected ? `<b>${c.curve}</b>` : c.curve), x: known.map((c) => c[field]), customdata: known.map((c) => `<b>${c.curve}</b>${c.curve === cond.analysis.selected ? " (chosen by AICc)" : ""}<br>RMSE of ${name}: ${number(c[field])}<br>AICc ${number(c.aicc)}, BIC ${number(c.bic)}, R² ${number(c.r_squared)}`), hovertemplate: "%{customdata}<extra></extra>", marker: { size: 11, symbol, color: hue(colour) }, name, legendgroup: field, showlegend: k === 0, ...refs(k) });
      }
      all.forEach((c) => rows.push([cond.title, c.curve, c.rmse_without_model, c.rmse_without_family, c.aicc, c.bic, c.r_squared, c.sse]));
    });
    if (rows.length === 0) return { empty: "No curve was fitted." };
    const layout = panels(list, width, { x: () => axis("Root mean squared error", { rangemode: "tozero" }), y: () => axis("", { type: "category" }) });
    Object.keys(layout).filter((name) => name.startsWith("yaxis")).forEach((name) => { delete layout[name].matches; layout[name].showticklabels = true; });
    if (list.length > 1 && width >= 640) { layout.xaxis.domain = [0, 0.44]; layout.xaxis2.domain = [0.56, 1]; layout.height = 360; }
    return { traces, layout, revision: shown.condition, table: { columns: ["score", "curve", "rmse without model", "rmse without family", "aicc", "bic", "r_squared", "sse"], rows } };
  };

  const intervals = ({ width }) => {
    const list = conditions();
    const quantities = [["theta", "θ", "theta", (a) => a.theta], ["c_e", `cₑ (${fit.report.predictor.name})`, "c", (a) => a.c_e], ["alpha", "α", "alpha", (a) => a.alpha]];
    const traces = [], rows = [], layout = { annotations: [] };
    let panel = 0;
    const kept = quantities.filter(([, , , of]) => list.some((cond) => of(cond.analysis).estimate != null));
    if (kept.length === 0) return { empty: "There is no estimate with an interval." };
    let height = 0;
    const methods = kept.map(([, , , of]) => [...new Set(list.flatMap((cond) => [of(cond.analysis), ...of(cond.analysis).intervals].filter((i) => i.low != null || i.high != null).map((i) => i.method)))].reverse());
    const total = methods.reduce((sum, m) => sum + m.length + 3.4, 0);
    let from = 1;
    kept.forEach(([field, name, , of], q) => {
      const at = refs(panel), n = panel === 0 ? "" : String(panel + 1);
      panel += 1;
      list.forEach((cond, k) => {
        const p = of(cond.analysis);
        const all = p.estimate == null ? [] : [p, ...p.intervals].filter((i) => i.low != null || i.high != null);
        const log = field === "c_e" && isLog();
        const far = log ? [p.estimate / 1e3, p.estimate * 1e3] : [p.estimate - 1e3, p.estimate + 1e3];
        if (all.length === 0) return;
        const rank = (i) => methods[q].indexOf(i.method) + (list.length > 1 ? (k === 0 ? 0.16 : -0.16) : 0);
        all.forEach((i) => {
          const [low, high] = [i.low ?? far[0], i.high ?? far[1]];
          traces.push({ type: "scatter", mode: "lines", x: [low, high], y: [rank(i), rank(i)], line: { color: hue(cond.hue), width: 2.4 }, hoverinfo: "skip", showlegend: false, ...at });
          rows.push([cond.title, name, i.method, p.estimate, i.se, i.low, i.high]);
        });
        traces.push({ type: "scatter", mode: "markers", x: all.map(() => p.estimate), y: all.map(rank), customdata: all.map((i) => `<b>${plain(name)}</b> by ${plain(i.method)}<br>${number(p.estimate)}${interval(i.low, i.high)}${cond.title ? `<br>${cond.title.toLowerCase()}` : ""}`), hovertemplate: "%{customdata}<extra></extra>", marker: { size: 9, color: hue(cond.hue), symbol: cond.symbol }, name: cond.title || "estimate", legendgroup: cond.key, showlegend: q === 0, ...at });
      });
      const share = (methods[q].length + 1) / total;
      const finite = rows.filter((r) => r[1] === name).flatMap((r) => [r[3], r[5], r[6]]).filter((v) => v != null);
      const [low, high] = span(finite);
      const log = field === "c_e" && isLog();
      const range = log ? [Math.log10(low) - 0.1, Math.log10(high) + 0.1] : [low - 0.08 * (high - low), high + 0.08 * (high - low)];
      layout[`xaxis${n}`] = log ? logAxis("", false, { anchor: `y${n}`, range }) : axis("", { anchor: `y${n}`, range, zeroline: true, zerolinecolor: hue("context") });
      layout[`yaxis${n}`] = axis("", { anchor: `x${n}`, domain: [Math.max(0, from - share), from], tickvals: methods[q].map((_, i) => i), ticktext: methods[q].map((m) => width < 640 ? plain(m).slice(0, 18) : plain(m)), range: [-0.7, methods[q].length - 0.3] });
      layout.annotations.push({ text: `<b>${plain(name)}</b>`, xref: `x${n} domain`, yref: `y${n} domain`, x: 0, y: 1, xanchor: "left", yanchor: "bottom", yshift: 3, showarrow: false });
      from -= share + 2.4 / total;
      height += 26 * methods[q].length + 88;
    });
    layout.height = height + 60;
    layout.margin = { l: 60, r: 16, t: 36, b: 70 };
    return { traces, layout, revision: shown.condition, table: { columns: ["score", "quantity", "method", "estimate", "se", "low", "high"], rows } };
  };

  onset.figure("scatter", scatter, { log: isLog() });
  onset.figure("residuals", residuals, { log: isLog() });
  onset.figure("without", without);
  onset.figure("cutoffs", cutoffs);
  onset.figure("curves", curves);
  onset.figure("intervals", intervals);

  // ---- what is shown -------------------------------------------------------------------------------------------

  const choice = (legend, name, options, value, set) => el("fieldset", {}, el("legend", {}, legend), ...options.map(([key, text]) =>
    el("label", {}, el("input", { type: "radio", name, value: key, checked: key === value, onchange: () => { set(key); onset.redraw(); } }), text)));
  const box = (text, colour, checked, set) => el("label", {}, el("input", { type: "checkbox", checked, onchange: (event) => { set(event.target.checked); onset.redraw(); } }), colour && el("span", { class: "key", style: `background:${colour}` }), text);

  const form = document.getElementById("show");
  const controls = () => {
    const parts = [];
    const toggle = (set, key) => (on) => on ? set.delete(key) : set.add(key);
    if (fit.report.adjusted) parts.push(choice("Score", "condition", [["unadjusted", "before adjustment"], ["adjusted", "after"], ["both", "both"]], shown.condition, (key) => { shown.condition = key; }));
    if (fit.unadjusted.models.length > 0) {
      parts.push(choice("Colour by", "colour", [["group", "group"], ["family", "family"]], shown.colour, (key) => { shown.colour = key; }));
      const names = [...new Set(fit.unadjusted.lines.map((l) => l.curve))];
      if (shown.curve && !names.includes(shown.curve)) shown.curve = null;
      if (names.length > 1) parts.push(el("label", {}, "Curve ", el("select", { id: "show-curve", onchange: (event) => { shown.curve = event.target.value; onset.redraw(); } }, ...names.map((name) => el("option", { value: name, selected: name === (shown.curve ?? fit.report.curve) }, name)))));
      if (fit.report.groups.length > 0) parts.push(el("fieldset", { id: "show-groups" }, el("legend", {}, "Groups"), ...Array.from({ length: fit.report.groups.length + 1 }, (_, g) => box(groupName(g), groupHue(g), !shown.groups.has(g), toggle(shown.groups, g)))));
      const all = (on) => () => { shown.families = new Set(on ? [] : families()); controls(); onset.redraw(); };
      parts.push(el("details", { id: "show-families", open: form.querySelector("details")?.open ?? false }, el("summary", {}, "Families shown (hiding one changes what is drawn, not the fit)"),
        el("fieldset", {}, el("button", { type: "button", onclick: all(true) }, "All"), el("button", { type: "button", onclick: all(false) }, "None"),
          ...families().map((name) => box(name, shown.colour === "family" ? familyHue(name) : null, !shown.families.has(name), toggle(shown.families, name))))));
    }
    form.replaceChildren(...parts);
    form.hidden = parts.length === 0;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  controls();

  /** Another fit in the place of the one shown: its data, and the words and tables that go with it. */
  onset.replace = (next, regions, stale) => {
    fit = next;
    for (const [name, html] of Object.entries(regions)) {
      const region = document.getElementById(`region-${name}`);
      if (region) region.innerHTML = html;
    }
    const title = `${fit.report.score_name} against ${fit.report.predictor.name}`;
    document.getElementById("title-scatter").textContent = title;
    if (!onset.data.fits) {
      document.querySelector("h1").textContent = title;
      document.title = `${title} · onset`;
    }
    onset.reveal();
    controls();
    onset.figures.get("curves")?.node.classList.toggle("stale", stale);
    onset.redraw();
  };
})();
