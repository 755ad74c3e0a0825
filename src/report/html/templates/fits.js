"use strict";
// One of several fits at a time, in the place of the one before.
(() => {
  const select = document.getElementById("which-fit");
  const show = ({ name, fit, regions }) => {
    onset.replace(fit, regions, false);
    document.getElementById("fit-title").textContent = `One fit in detail: ${name}`;
  };
  select?.addEventListener("change", () => show(onset.data.fits[Number(select.value)]));
  select?.closest("form").addEventListener("submit", (event) => event.preventDefault());
})();
