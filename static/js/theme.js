// In <head>, before anything is painted: a remembered light or dark, else the system's; and the mark that scripts run.
(() => {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  root.classList.add("has-script");

  const remembered = () => {
    try {
      return localStorage.getItem("appearance") || "system";
    } catch {
      return "system";
    }
  };
  const apply = () => {
    const choice = remembered();
    root.dataset.bsTheme = choice === "system" ? (system.matches ? "dark" : "light") : choice;
  };

  apply();
  system.addEventListener("change", apply);

  document.addEventListener("DOMContentLoaded", () => {
    for (const radio of document.querySelectorAll("input[name=appearance]")) {
      radio.checked = radio.value === remembered();
      radio.closest("[hidden]")?.removeAttribute("hidden");
      radio.addEventListener("change", () => {
        try {
          localStorage.setItem("appearance", radio.value);
        } catch {
          // A browser that keeps nothing still gets the choice for this page.
          root.dataset.bsTheme = radio.value;
        }
        apply();
      });
    }
  });
})();
