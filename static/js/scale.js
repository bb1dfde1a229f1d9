// The keyboard of a scale, alive only while one of its items has the focus (WCAG 2.1.4): digits answer and go on, x answers
// 10, Enter passes on, Up and Down move between items, Backspace clears, n is "not done". Ctrl+Enter completes the form.
// An item that another answer rules out is dimmed, empty, disabled and passed over; it is sent to nobody.
(() => {
  "use strict";
  const LINE = ".scale-line";
  const TEN = "x";

  const answers = (item) => [...item.querySelectorAll("input[type=radio]:not([data-missing])")];
  const missing = (item) => [...item.querySelectorAll("input[type=radio][data-missing]")];
  const typed = (item) => item.querySelector("input:not([type=radio])");
  const reason = (item) => item.querySelector("select[data-missing]");

  const say = (item) => item.dispatchEvent(new CustomEvent("answered", { bubbles: true }));

  const isAnswered = (item) =>
    Boolean(item.querySelector("input[type=radio]:checked") || reason(item)?.value || typed(item)?.value);

  const empty = (item) => {
    for (const radio of [...answers(item), ...missing(item)]) radio.checked = false;
    if (typed(item)) typed(item).value = "";
    if (reason(item)) reason(item).value = "";
  };

  const choose = (item, radio) => {
    for (const other of [...answers(item), ...missing(item)]) other.checked = other === radio;
    if (reason(item)) reason(item).value = "";
    radio?.focus();
    say(item);
  };

  const focusItem = (item) => {
    if (!item) return;
    const all = item.querySelectorAll("input, select, textarea");
    ([...all].find((field) => field.checked) || all[0])?.focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest" });
  };

  const notDone = (item) => {
    const radios = missing(item);
    const radio = radios.find((each) => each.dataset.missing === "not_done") || radios[0];
    if (radio) return choose(item, radio);
    const select = reason(item);
    const option = select && [...select.options].find((each) => each.value === "not_done");
    if (!option) return undefined;
    choose(item, null);
    select.value = option.value;
    return say(item);
  };

  const start = (scale) => {
    const lines = [...scale.querySelectorAll(LINE)];
    const byCode = new Map(lines.map((line) => [line.dataset.item, line]));
    const isOut = (item) => item.hasAttribute("data-not-asked");

    // "cssrs02=1 cssrs03=1": one of these answers makes the item be asked. It is ruled out only once all of them are
    // settled otherwise: before that it stays open.
    const isRuledOut = (item) => {
      const conditions = (item.dataset.askedWhen || "").split(" ").filter(Boolean);
      const settled = conditions.map((condition) => {
        const [code, value] = condition.split("=");
        const other = byCode.get(code);
        if (!other) return "open";
        if (other.querySelector("input[type=radio]:checked")?.value === value) return "asked";
        return isOut(other) || isAnswered(other) ? "out" : "open";
      });
      return settled.length > 0 && settled.every((each) => each === "out");
    };

    // In the order of the items, since a condition may itself be ruled out by an item above it.
    const rule = () => {
      for (const item of lines) {
        const out = isRuledOut(item);
        if (out === isOut(item)) continue;
        item.toggleAttribute("data-not-asked", out);
        if (out && isAnswered(item)) {
          empty(item);
          say(item);
        }
        for (const field of item.querySelectorAll("input, select")) field.disabled = out;
        if (item.matches("fieldset")) item.disabled = out;
      }
    };

    const neighbor = (item, step) => {
      const rest = step > 0 ? lines.slice(lines.indexOf(item) + 1) : lines.slice(0, lines.indexOf(item)).reverse();
      return rest.find((each) => !isOut(each));
    };

    // What is typed and optional is left to Tab and the arrows, or thirty answers would be more than thirty keys; but
    // where an answer just given asks for a number, the run of digits stops there.
    const isInRun = (item) => !isOut(item) && (!typed(item) || item.hasAttribute("data-required") || Boolean(item.dataset.askedWhen));

    const goOn = (item, last = null) => {
      const next = lines.slice(lines.indexOf(item) + 1).find(isInRun);
      if (next) focusItem(next);
      else last?.focus();
    };

    const answer = (item, value) => {
      const radio = answers(item).find((each) => each.value === value);
      if (!radio) return false;
      choose(item, radio);
      goOn(item);
      return true;
    };

    const act = (item, key) => {
      if (/^[0-9]$/.test(key)) return answer(item, key);
      if (key === TEN) return answer(item, "10");
      if (key === "ArrowDown" || key === "ArrowUp") {
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

    const complete = () => scale.closest("form")?.querySelector("[data-complete]");

    scale.closest("form")?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.ctrlKey) return;
      const button = complete();
      if (button && !button.disabled && button.getAttribute("aria-disabled") !== "true") {
        event.preventDefault();
        button.click();
      }
    });

    scale.addEventListener("keydown", (event) => {
      const item = event.target.closest(LINE);
      if (!item || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("textarea, select")) return;
      if (event.key === "Enter") {
        // Otherwise the browser would send the form off from the middle of it.
        event.preventDefault();
        goOn(item, complete());
      } else if (event.target.matches("input[type=radio]") && act(item, event.key)) event.preventDefault();
    });

    // The mouse and the native arrow keys come this way; an answer and a reason for none exclude each other.
    scale.addEventListener("change", (event) => {
      const item = event.target.closest("fieldset.scale-line");
      if (!item) return;
      if (event.target.matches("input[type=radio]")) choose(item, event.target);
      else if (event.target.matches("select[data-missing]") && event.target.value) {
        for (const radio of [...answers(item), ...missing(item)]) radio.checked = false;
        say(item);
      } else say(item);
    });

    scale.addEventListener("answered", rule);
    rule();
    // A form opened to be filled in waits for its first answer; where one is refused, the error has the focus.
    const isOpen = scale.closest("form[data-draft-url]") && !document.querySelector("[data-errors]");
    if (isOpen && window.matchMedia("(pointer: fine)").matches) {
      focusItem(lines.find((item) => isInRun(item) && !isAnswered(item)));
    }
  };

  // After every script of the page: what a rule empties at the start is to reach those who keep it.
  document.addEventListener("DOMContentLoaded", () => {
    for (const scale of document.querySelectorAll("[data-scale]")) start(scale);
  });
})();
