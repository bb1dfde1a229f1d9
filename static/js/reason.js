// The reason box: shown once a saved value differs, and digits pick the usual reason of that number while the text is empty.
(() => {
  "use strict";

  const values = (form) =>
    JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken" && name !== "reason"));

  for (const box of document.querySelectorAll("[data-reason]")) {
    const form = box.closest("form");
    const text = box.querySelector("textarea");
    const usual = [...box.querySelectorAll("button[data-reason-text]")];

    const pick = (button) => {
      text.value = button.dataset.reasonText;
      text.focus();
      text.dispatchEvent(new Event("input", { bubbles: true }));
    };
    for (const button of usual) button.addEventListener("click", () => pick(button));

    text.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || text.value !== "") return;
      const button = usual[Number(event.key) - 1];
      if (!button) return;
      event.preventDefault();
      pick(button);
    });

    if (!form || box.dataset.reason !== "on-change" || text.value !== "") continue;
    const saved = values(form);
    const update = () => {
      const changed = values(form) !== saved;
      box.hidden = !changed;
      text.disabled = !changed;
    };
    // "answered" comes from scale.js: what a key chooses fires no change of its own.
    for (const kind of ["input", "change", "answered"]) form.addEventListener(kind, update);
    update();
  }
})();
