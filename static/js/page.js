// The frame: "/" goes to search, the rail opens on small screens, and a refused form shows its first error.
(() => {
  "use strict";
  const typing = (element) => element.closest("input, select, textarea, [contenteditable]") !== null;

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const search = document.getElementById("search");
    if (!search) return;
    event.preventDefault();
    document.getElementById("rail")?.classList.add("is-open");
    search.focus();
    search.select();
  });

  const toggle = document.getElementById("rail-toggle");
  toggle?.addEventListener("click", () => {
    const open = document.getElementById("rail").classList.toggle("is-open");
    toggle.setAttribute("aria-expanded", String(open));
  });

  // A timeline wider than its place opens at today, with the recent past and what comes next in sight.
  for (const timeline of document.querySelectorAll(".timeline[data-today]")) {
    const today = Number(timeline.dataset.today);
    // One that shows today already stays where it is: the first weeks would only be cut off.
    if (today > timeline.clientWidth * 0.9) timeline.scrollLeft = today - timeline.clientWidth * 0.6;
  }

  const refused = document.querySelector("[data-errors]");
  if (refused) {
    // Which of two versions is right comes first: the reason for it is asked after that.
    const conflict = document.querySelector("[data-conflict][data-errors]");
    const first = document.querySelector("[aria-invalid=true]:not(:disabled), .is-invalid:not(:disabled)");
    (conflict || first || refused).focus();
  }

  // Printing without a button's help is the browser's own; a button needs this one line.
  for (const button of document.querySelectorAll("[data-print][hidden]")) button.hidden = false;
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
})();
