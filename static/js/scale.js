// The keyboard of a scale, alive only while one of its items has the focus (WCAG 2.1.4):
// digits answer and go on, Up and Down move between items, Backspace clears, n is "not done", Ctrl+Enter completes.
(() => {
  "use strict";
  const WAIT_FOR_SECOND_DIGIT = 700;

  const answers = (item) => [...item.querySelectorAll("input[type=radio]:not([data-missing])")];
  const missing = (item) => [...item.querySelectorAll("input[type=radio][data-missing]")];

  const say = (item) => item.dispatchEvent(new CustomEvent("answered", { bubbles: true }));

  const choose = (item, radio) => {
    for (const other of [...answers(item), ...missing(item)]) other.checked = other === radio;
    const select = item.querySelector("select[data-missing]");
    if (select) select.value = "";
    radio?.focus();
    say(item);
  };

  const focusItem = (item) => {
    if (!item) return;
    const all = item.querySelectorAll("input, select, textarea");
    ([...all].find((field) => field.checked) || all[0])?.focus();
    item.scrollIntoView({ block: "nearest" });
  };

  const notDone = (item) => {
    const radios = missing(item);
    const radio = radios.find((each) => each.dataset.missing === "not_done") || radios[0];
    if (radio) return choose(item, radio);
    const select = item.querySelector("select[data-missing]");
    const option = select && [...select.options].find((each) => each.value === "not_done");
    if (!option) return undefined;
    choose(item, null);
    select.value = option.value;
    return say(item);
  };

  for (const scale of document.querySelectorAll("[data-scale]")) {
    const items = () => [...scale.querySelectorAll(".scale-item")];
    const neighbor = (item, step) => items()[items().indexOf(item) + step];
    let started = { item: null, digits: "", timer: 0 };

    const goOn = (item) => {
      clearTimeout(started.timer);
      started = { item: null, digits: "", timer: 0 };
      focusItem(neighbor(item, 1));
    };

    // Where a scale has both 1 and 10, the first digit answers at once and waits a moment for a second one.
    const digit = (item, key) => {
      const options = answers(item);
      const longer = started.item === item ? started.digits + key : "";
      const radio = options.find((each) => each.value === longer) || options.find((each) => each.value === key);
      if (!radio) return false;
      clearTimeout(started.timer);
      choose(item, radio);
      if (options.some((each) => each.value !== radio.value && each.value.startsWith(radio.value))) {
        started = { item, digits: radio.value, timer: setTimeout(() => goOn(item), WAIT_FOR_SECOND_DIGIT) };
      } else {
        goOn(item);
      }
      return true;
    };

    const act = (item, key) => {
      if (/^[0-9]$/.test(key)) return digit(item, key);
      if (key === "ArrowDown" || key === "ArrowUp") {
        clearTimeout(started.timer);
        focusItem(neighbor(item, key === "ArrowDown" ? 1 : -1));
        return true;
      }
      if (key === "Backspace") {
        const held = item.contains(document.activeElement) ? document.activeElement : null;
        choose(item, null);
        held?.focus();
        return true;
      }
      if (key === "n") {
        notDone(item);
        goOn(item);
        return true;
      }
      return false;
    };

    scale.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.ctrlKey) {
        const complete = scale.closest("form")?.querySelector("[data-complete]");
        if (complete && !complete.disabled && complete.getAttribute("aria-disabled") !== "true") {
          event.preventDefault();
          complete.click();
        }
        return;
      }
      const item = event.target.closest(".scale-item");
      const typed = event.target.matches("textarea, select, input:not([type=radio])");
      if (!item || typed || event.ctrlKey || event.metaKey || event.altKey) return;
      if (act(item, event.key)) event.preventDefault();
    });

    // The mouse and the native arrow keys come this way; an answer and a reason for none exclude each other.
    scale.addEventListener("change", (event) => {
      const item = event.target.closest(".scale-item");
      if (!item) return;
      if (event.target.matches("input[type=radio]")) choose(item, event.target);
      else if (event.target.matches("select[data-missing]") && event.target.value) {
        for (const radio of [...answers(item), ...missing(item)]) radio.checked = false;
        say(item);
      } else say(item);
    });
  }
})();
