// Clocks that count. The server's words stand until this runs; the words here are the same as in accounts/templatetags/pieces.py.
(() => {
  "use strict";
  const clocks = document.querySelectorAll("[data-clock-due]");
  if (!clocks.length) return;
  const loaded = performance.now();

  const words = (seconds) => {
    const minutes = Math.floor(Math.abs(seconds) / 60);
    const days = Math.floor(minutes / 1440);
    const hours = Math.floor((minutes % 1440) / 60);
    const rest = minutes % 60;
    const parts = days ? [`${days} d`, hours && `${hours} h`] : [hours && `${hours} h`, (rest || !hours) && `${rest} min`];
    return `${parts.filter(Boolean).join(" ")} ${seconds < 0 ? "overdue" : "left"}`;
  };

  const tick = () => {
    for (const clock of clocks) {
      // Counted from the server's now: a wrong clock on the desk must not move a reporting deadline.
      const now = Date.parse(clock.dataset.clockNow) + (performance.now() - loaded);
      const seconds = Math.floor((Date.parse(clock.dataset.clockDue) - now) / 1000);
      const text = words(seconds);
      if (clock.textContent !== text) clock.textContent = text;
      if (seconds < 0) {
        const box = clock.closest(".clock");
        box?.classList.remove("tone-plain", "tone-good", "tone-due");
        box?.classList.add("tone-late");
      }
    }
  };

  tick();
  setInterval(tick, 10000);
})();
