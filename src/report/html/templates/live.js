"use strict";
// Live refits: every change asks the program that serves this page for a quick answer, and for the full one when the
// reader has stopped changing things.
(() => {
  const { el, number, interval } = onset;
  const live = onset.data.live;
  const form = document.querySelector("#live form");
  const status = document.getElementById("live-status");
  const command = document.getElementById("live-command");
  const first = { ...live.settings, without: [] };
  const settings = { ...first };

  // Every state has an address: what was chosen stands behind the `#`, in the words of the flags of `onset fit`.
  const address = () => {
    const words = new URLSearchParams();
    for (const key of ["score", "adjusted", "cutoff", "chance", "curve", "covariance"]) if (settings[key] != null) words.set(key, settings[key]);
    for (const name of settings.without) words.append("without", name);
    return `#${words}`;
  };
  /** What an address asks for; words that this page does not offer are left as they were at first. */
  const recall = () => {
    const words = new URLSearchParams(location.hash.slice(1));
    Object.assign(settings, first, { without: [] });
    if (![...words.keys()].length) return false;
    const offered = (key, list) => { if (list.includes(words.get(key))) settings[key] = words.get(key); };
    offered("score", live.scores.map((s) => s.name));
    settings.adjusted = adjustedOf(settings.score).includes(words.get("adjusted")) ? words.get("adjusted") : null;
    offered("cutoff", ["none", ...live.cutoffs]);
    offered("curve", live.curves);
    offered("covariance", live.covariances);
    const chance = words.get("chance");
    if (["known", "free"].includes(chance) || (chance && Number.isFinite(Number(chance)))) settings.chance = chance;
    settings.without = words.getAll("without").filter((name) => live.families.includes(name));
    return true;
  };
  const quoted = (word) => (/^[A-Za-z0-9_.,:@%+=\/-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`);
  /** The line of `onset fit` that gives what is shown. */
  const line = () => {
    const words = [...live.command];
    const flag = (name, value) => words.push(`--${name}`, value);
    flag("score", settings.score);
    if (settings.adjusted != null && !live.two_places) flag("adjusted", settings.adjusted);
    for (const key of ["cutoff", "chance", "curve", "covariance"]) flag(key, String(settings[key]));
    for (const name of settings.without) flag("where", `family != ${name}`);
    return words.map(quoted).join(" ");
  };
  const remember = () => {
    history.replaceState(null, "", address());
    command.textContent = line();
  };

  const label = (text, ...controls) => el("label", {}, text, ...controls);
  const select = (id, options, value, set) => el("select", { id, onchange: (event) => { set(event.target.value); ask(); } },
    ...options.map(([key, text]) => el("option", { value: key, selected: key === value }, text)));
  const same = (names) => names.map((name) => [name, name]);

  const adjustedOf = (score) => live.scores.find((s) => s.name === score)?.adjusted ?? [];
  const adjusted = el("span");
  const fillAdjusted = () => {
    const options = adjustedOf(settings.score);
    if (!options.includes(settings.adjusted)) settings.adjusted = null;
    adjusted.replaceChildren(select("live-adjusted", [["", "nothing: this score alone"], ...same(options)], settings.adjusted ?? "", (value) => { settings.adjusted = value || null; }));
  };

  const build = () => {
    const months = live.cutoffs;
    const output = el("output", { for: "live-cutoff" });
    const slider = el("input", { id: "live-cutoff", type: "range", min: "0", max: String(Math.max(0, months.length - 1)), step: "1", list: "live-months" });
    const none = el("input", { id: "live-no-cutoff", type: "checkbox" });
    const cutoff = () => {
      settings.cutoff = none.checked || months.length === 0 ? "none" : months[slider.value];
      output.textContent = settings.cutoff;
      slider.disabled = none.checked;
      slider.setAttribute("aria-valuetext", settings.cutoff);
    };
    none.checked = settings.cutoff === "none";
    slider.value = String(Math.max(0, months.indexOf(settings.cutoff)));
    slider.addEventListener("input", () => { cutoff(); ask(); });
    none.addEventListener("change", () => { cutoff(); ask(); });
    cutoff();
    const level = el("input", { id: "live-level", type: "number", step: "any", value: Number.isNaN(Number(settings.chance)) ? "0" : settings.chance, "aria-label": "level of chance", hidden: ["known", "free"].includes(settings.chance) });
    level.addEventListener("input", () => { if (level.value !== "") { settings.chance = level.value; ask(); } });
    const chance = select("live-chance", [["known", "as known"], ["free", "estimated"], ["given", "this level:"]], ["known", "free"].includes(settings.chance) ? settings.chance : "given", (value) => {
      level.hidden = value !== "given";
      settings.chance = value === "given" ? level.value || "0" : value;
    });
    form.replaceChildren(...[
      label("Score ", select("live-score", live.scores.map((s) => [s.name, s.title]), settings.score, (value) => { settings.score = value; fillAdjusted(); })),
      label("compared with ", adjusted),
      months.length > 0 ? label("New from ", slider, output) : null, months.length > 0 ? label("no groups by release ", none) : null,
      label("Chance ", chance, level),
      label("Curve ", select("live-curve", same(live.curves), settings.curve, (value) => { settings.curve = value; })),
      label("Standard errors ", select("live-covariance", same(live.covariances), settings.covariance, (value) => { settings.covariance = value; })),
      el("details", { id: "live-families" }, el("summary", {}, "Families in the fit"), el("fieldset", {}, ...live.families.map((name) =>
        label("", el("input", { type: "checkbox", checked: !settings.without.includes(name), onchange: (event) => {
          settings.without = event.target.checked ? settings.without.filter((n) => n !== name) : [...settings.without, name];
          ask();
        } }), name)))),
    ].filter(Boolean));
    fillAdjusted();
  };

  let turn = 0, busy = false, again = false, pause;

  const post = async (stage) => {
    const response = await fetch("/refit", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...settings, stage }) });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    return answer;
  };

  const say = (answer, began) => {
    const { theta, c_e: c, shown, curve } = answer.fit.report;
    const found = [theta.estimate == null ? null : `θ = ${number(theta.estimate)}${interval(theta.low, theta.high)}`, shown !== "emergence" || c.estimate == null ? null : `cₑ = ${number(c.estimate)}${interval(c.low, c.high)}`].filter(Boolean).join(", ");
    const times = `fitted in ${Math.round(answer.milliseconds)} ms, shown after ${Math.round(performance.now() - began)} ms`;
    status.textContent = answer.stage === "quick"
      ? `${found || "no estimate"}. Quick answer: ${answer.bootstrap} bootstrap replicates, the ${curve} curve leads; ${times}. The full one follows when you pause.`
      : `${found || "no estimate"}. Full answer: ${answer.bootstrap} bootstrap replicates, ${times}.`;
  };

  /** One question at a time; what was changed meanwhile is asked when the answer is there. */
  const ask = async () => {
    clearTimeout(pause);
    remember();
    if (busy) { again = true; return; }
    busy = true;
    const mine = ++turn;
    const began = performance.now();
    try {
      const answer = await post("quick");
      if (!again) {
        onset.replace(answer.fit, answer.regions, true);
        say(answer, began);
        document.body.dataset.live = "quick";
      }
    } catch (error) {
      status.textContent = `No fit: ${error.message}`;
      document.body.dataset.live = "error";
    }
    busy = false;
    if (again) { again = false; ask(); return; }
    pause = setTimeout(() => full(mine), 900);
  };

  const full = async (mine) => {
    const began = performance.now();
    try {
      const answer = await post("full");
      if (mine !== turn || busy) return;
      onset.replace(answer.fit, answer.regions, false);
      say(answer, began);
      document.body.dataset.live = "full";
    } catch (error) {
      if (mine === turn) status.textContent = `No full answer: ${error.message}`;
    }
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("live-copy").addEventListener("click", async (event) => {
    const said = event.target.textContent;
    try {
      await navigator.clipboard.writeText(line());
      event.target.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(command);
      event.target.textContent = "Selected: copy it with the keyboard";
    }
    setTimeout(() => { event.target.textContent = said; }, 2000);
  });
  addEventListener("hashchange", () => { recall(); build(); ask(); });
  const asked = recall();
  build();
  command.textContent = line();
  status.textContent = "Change anything above; the numbers and figures below follow.";
  if (asked) ask();
})();
