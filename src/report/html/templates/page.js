"use strict";
// What every page does: figures drawn when they come near, zoom and downloads by buttons and keys, points stepped through
// by arrow keys, tables sorted by their heads, colours of the system or by choice, figures redrawn for print.
const onset = (() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);

  /** An element with attributes and children; strings become text, never markup. */
  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (typeof value === "boolean") node[name] = value;
      else node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child != null));
    return node;
  };
  /** Text for the plotting library, which reads a few tags in what it draws. */
  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const hue = (name) => css(`--hue-${/^\d+$/.test(name) ? name % 10 : { reference: 0, comparison: 1 }[name] ?? name}`);
  const faint = (colour, share) => {
    const part = (at) => parseInt(colour.slice(at, at + 2), 16);
    return `rgba(${part(1)},${part(3)},${part(5)},${share})`;
  };

  const raise = (exponent) => String(exponent).replace(/-/g, "⁻").replace(/\d/g, (d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]);
  /** Three significant digits; large and small numbers as powers of ten. */
  const number = (value) => {
    if (value == null || !Number.isFinite(value)) return "–";
    if (value === 0) return "0";
    const size = Math.floor(Math.log10(Math.abs(value)));
    if (size < -4 || size >= 6) {
      const [mantissa, exponent] = value.toExponential(2).split("e");
      return `${mantissa.replace("-", "−")} × 10${raise(Number(exponent))}`;
    }
    return value.toFixed(Math.min(6, Math.max(0, 2 - size))).replace("-", "−");
  };
  const interval = (low, high) => low == null && high == null ? "" : ` [${number(low)}, ${number(high)}]`;

  // ---- figures -------------------------------------------------------------------------------------------------

  const figures = new Map();
  let printing = false;

  /**
   * Declares a figure. `build()` returns { traces, layout, table: { columns, rows } } or { empty: "why" }; `log` says
   * whether its horizontal axis may be switched between logarithmic and linear; `controls` are further elements.
   */
  const figure = (id, build, options = {}) => {
    const node = document.querySelector(`[data-figure="${CSS.escape(id)}"]`);
    if (node) figures.set(id, { id, node, build, drawn: false, linear: false, options, at: -1 });
  };

  const axis = (title, more = {}) => ({
    title: { text: title, standoff: 8 }, gridcolor: css("--grid"), linecolor: css("--line"), zeroline: false,
    ticks: "outside", tickcolor: css("--line"), automargin: true, showline: true, ...more,
  });

  /** Ticks at whole powers of ten are labelled 10^k by the library. */
  const logAxis = (title, linear, more = {}) => axis(title, linear
    ? { type: "linear", exponentformat: "power", ...more }
    : { type: "log", exponentformat: "power", dtick: 1, minor: { ticks: "outside", tickcolor: css("--line"), ticklen: 3 }, ...more });

  /** The library writes into the layout it is given, so it gets a copy. */
  const layoutOf = (figure, built) => {
    const width = figure.node.querySelector(".plot").clientWidth;
    return {
      paper_bgcolor: css("--paper"), plot_bgcolor: css("--paper"),
      font: { family: "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", size: 13, color: css("--ink") },
      margin: { l: 60, r: 16, t: 36, b: 100 }, height: 440, hovermode: "closest", dragmode: "zoom",
      hoverlabel: { bgcolor: css("--raised"), bordercolor: css("--quiet"), font: { color: css("--ink"), size: 13 }, align: "left" },
      legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom", x: 0, font: { size: 12 }, itemclick: false, itemdoubleclick: false },
      uirevision: `${figure.linear}${built.revision ?? ""}`,
      width: printing ? 680 : Math.max(280, width), autosize: false, ...structuredClone(built.layout),
    };
  };

  const draw = (figure) => {
    const plot = figure.node.querySelector(".plot");
    const built = figure.build({ linear: figure.linear, width: printing ? 680 : plot.clientWidth });
    figure.drawn = true;
    figure.built = built;
    figure.at = -1;
    figure.node.querySelector(".tools").hidden = Boolean(built.empty);
    if (built.empty) {
      Plotly.purge(plot);
      plot.replaceChildren(el("p", { class: "empty" }, built.empty));
      plot.removeAttribute("tabindex");
      figure.node.querySelector(".numbers").hidden = true;
      return;
    }
    if (plot.querySelector(".empty")) plot.replaceChildren();
    plot.tabIndex = 0;
    Plotly.react(plot, built.traces, layoutOf(figure, built), { displayModeBar: false, responsive: false, doubleClick: "reset" });
    const numbers = figure.node.querySelector(".numbers");
    numbers.hidden = false;
    if (numbers.open) fill(figure);
    equip(figure);
  };

  /** The table of a figure is made when it is opened: it may be long. */
  const fill = (figure) => {
    const { columns, rows } = figure.built.table;
    const cell = (value) => typeof value === "number"
      ? el("td", { class: "n", "data-v": String(value) }, number(value)) : el("td", {}, value ?? "");
    const head = el("thead", {}, el("tr", {}, ...columns.map((name) =>
      el("th", { scope: "col" }, el("button", { type: "button" }, name)))));
    const body = el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map(cell))));
    figure.node.querySelector(".numbers .scroll").replaceChildren(el("table", {}, head, body));
  };

  const equip = (figure) => {
    if (figure.equipped) return;
    figure.equipped = true;
    const plot = figure.node.querySelector(".plot");
    const button = (text, act) => el("button", { type: "button", onclick: act }, text);
    const tools = figure.node.querySelector(".tools");
    tools.append(
      button("Zoom in", () => zoom(plot, 0.7)), button("Zoom out", () => zoom(plot, 1 / 0.7)),
      button("Whole figure", () => whole(figure)),
      button("Download SVG", () => Plotly.downloadImage(plot, { format: "svg", filename: figure.id, width: plot._fullLayout.width, height: plot._fullLayout.height })),
      button("Download CSV", () => save(`${figure.id}.csv`, csv(figure.built.table.columns, figure.built.table.rows))),
    );
    if (figure.options.log) {
      const box = el("input", { type: "checkbox", checked: !figure.linear, onchange: () => { figure.linear = !box.checked; draw(figure); } });
      tools.append(el("label", {}, box, "logarithmic axis"));
    }
    if (figure.options.controls) tools.append(...figure.options.controls(() => draw(figure)));
    plot.addEventListener("keydown", (event) => key(figure, plot, event));
    plot.addEventListener("blur", () => Plotly.Fx.unhover(plot));
    figure.node.querySelector(".numbers").addEventListener("toggle", (event) => { if (event.target.open) fill(figure); });
  };

  const axes = (plot) => Object.keys(plot._fullLayout).filter((name) => /^[xy]axis\d*$/.test(name));

  const zoom = (plot, factor) => {
    const change = {};
    for (const name of axes(plot)) {
      const [low, high] = plot._fullLayout[name].range.map(Number);
      const middle = (low + high) / 2;
      change[`${name}.range`] = [middle + (low - middle) * factor, middle + (high - middle) * factor];
    }
    Plotly.relayout(plot, change);
  };

  const whole = (figure) => {
    // A layout with another revision forgets where the reader had zoomed to.
    figure.built.revision = `${figure.built.revision ?? ""}+`;
    Plotly.react(figure.node.querySelector(".plot"), figure.built.traces, layoutOf(figure, figure.built));
  };

  /** Points in reading order: panel by panel, from left to right. */
  const points = (figure) => {
    const found = [];
    figure.built.traces.forEach((trace, curve) => {
      if (!trace.customdata || trace.visible === false) return;
      trace.customdata.forEach((text, point) => found.push({ curve, point, text, panel: trace.xaxis ?? "x", yaxis: trace.yaxis ?? "y", x: trace.x[point], y: trace.y[point] }));
    });
    const order = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : 0;
    const panels = [...new Set(found.map((p) => p.panel))];
    return found.sort((a, b) => panels.indexOf(a.panel) - panels.indexOf(b.panel) || order(a.x, b.x) || order(a.y, b.y));
  };

  const key = (figure, plot, event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const all = points(figure);
    const moves = { ArrowRight: 1, ArrowLeft: -1 };
    if (event.key in moves && all.length > 0) {
      figure.at = figure.at < 0 ? (moves[event.key] > 0 ? 0 : all.length - 1) : (figure.at + moves[event.key] + all.length) % all.length;
      const { curve, point, text, panel, yaxis } = all[figure.at];
      Plotly.Fx.hover(plot, [{ curveNumber: curve, pointNumber: point }], [panel + yaxis]);
      const words = el("template");
      words.innerHTML = text.replace(/<br>/g, ", ");
      figure.node.querySelector(".step").textContent = `${figure.at + 1} of ${all.length}: ${words.content.textContent}`;
    } else if (event.key === "Escape") Plotly.Fx.unhover(plot);
    else if (event.key === "+" || event.key === "=") zoom(plot, 0.7);
    else if (event.key === "-") zoom(plot, 1 / 0.7);
    else if (event.key === "0") whole(figure);
    else return;
    event.preventDefault();
  };

  const MARGIN = 800;
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((e) => e.isIntersecting)) {
      near.unobserve(entry.target);
      const found = figures.get(entry.target.dataset.figure);
      if (!found.drawn) draw(found);
    }
  }, { rootMargin: `${MARGIN}px` });

  /** Draws again what was drawn: at once what the reader sees, in the next frame what is near, elsewhere when the reader comes near. */
  const redraw = () => {
    for (const figure of figures.values()) {
      if (!figure.drawn || figure.node.classList.contains("stale")) continue;
      const { top, bottom } = figure.node.getBoundingClientRect();
      if (bottom > 0 && top < innerHeight) draw(figure);
      else {
        figure.drawn = false;
        near.observe(figure.node);
      }
    }
  };

  const watch = () => {
    figures.forEach((figure) => near.observe(figure.node));
    let width = root.clientWidth, waiting;
    addEventListener("resize", () => {
      if (root.clientWidth === width || printing) return;
      width = root.clientWidth;
      clearTimeout(waiting);
      waiting = setTimeout(() => redraw(), 120);
    });
  };

  // ---- tables and files ----------------------------------------------------------------------------------------

  // A spreadsheet runs a text that begins like a formula; an apostrophe makes it text again. Numbers are what they are.
  const shielded = (text) => /^'*[=+\-@\t\r\n]/.test(text) && !/^[-+\d.,eE%\s–−]*$/.test(text) ? `'${text}` : text;

  const csv = (columns, rows) => {
    const cell = (value) => {
      const text = shielded(value == null ? "" : String(value));
      return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
  };

  const save = (name, text) => {
    const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" })), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  const value = (cell) => cell.dataset.v ?? cell.textContent;

  const sort = (head) => {
    const place = [...head.parentNode.children].indexOf(head);
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = head.closest("table").tBodies[0];
    const compare = (a, b) => {
      const [p, q] = [value(a.cells[place]), value(b.cells[place])];
      if (p === "" || q === "") return (p === "") - (q === "");
      const [m, n] = [Number(p), Number(q)];
      const order = Number.isNaN(m) || Number.isNaN(n) ? p.localeCompare(q, "en", { numeric: true }) : m - n;
      return up ? order : -order;
    };
    body.append(...[...body.rows].sort(compare));
  };

  document.addEventListener("click", (event) => {
    const head = event.target.closest("thead th");
    if (head && event.target.closest("button")) sort(head);
    const button = event.target.closest("button.csv");
    if (button) {
      const table = document.getElementById(`table-${button.dataset.table}`);
      const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map(value));
      save(`${button.dataset.table}.csv`, csv([...table.tHead.rows[0].cells].map((c) => c.textContent), rows));
    }
  });

  // ---- colours and print ---------------------------------------------------------------------------------------

  const themes = [["", "as the system"], ["light", "light"], ["dark", "dark"]];
  const theme = document.getElementById("theme");
  const show = (name) => {
    if (name) root.dataset.theme = name; else delete root.dataset.theme;
    theme.textContent = `Colours: ${themes.find(([n]) => n === name)[1]}`;
    redraw();
  };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const at = themes.findIndex(([name]) => name === (root.dataset.theme ?? ""));
    show(themes[(at + 1) % themes.length][0]);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());

  let before = "";
  addEventListener("beforeprint", () => {
    before = root.dataset.theme ?? "";
    printing = true;
    root.dataset.theme = "light";
    figures.forEach((figure) => { if (!figure.node.classList.contains("stale")) draw(figure); });
  });
  addEventListener("afterprint", () => {
    printing = false;
    show(before);
  });

  const reveal = () => document.querySelectorAll("button.csv, form.show").forEach((node) => { node.hidden = false; });
  addEventListener("DOMContentLoaded", () => { reveal(); watch(); });

  return { data, el, plain, css, hue, faint, number, interval, figure, axis, logAxis, redraw, reveal, figures };
})();
