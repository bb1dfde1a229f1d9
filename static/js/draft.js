// Answers go to the server as they are given: POST item, value, missing and sequence of each to data-draft-url, which
// answers {saved_at: "14:03:22", answered: 7, refused: {}}. One request at a time, with all that was answered during the
// one before: one request per answer falls behind a fast typist on a slow line. The newest answer of an item wins, and
// "Saved" is said only after the server said so. Unsaved answers stay in this page's memory, never in the browser's
// storage: desks are shared.
(() => {
  "use strict";
  const TYPING_PAUSE = 600;
  const TIMEOUT = 15000;
  const LONGEST_WAIT = 30000;

  const status = document.getElementById("status");
  const say = (state, text) => {
    if (!status || (status.dataset.state === state && status.textContent === text)) return;
    status.dataset.state = state;
    status.textContent = text;
  };

  const answerOf = (item) => {
    const chosen = item.querySelector("input[type=radio]:checked");
    const reason = item.querySelector("select[data-missing]");
    if (chosen?.hasAttribute("data-missing")) return { value: "", missing: chosen.dataset.missing || chosen.value };
    if (chosen) return { value: chosen.value, missing: "" };
    if (reason?.value) return { value: "", missing: reason.value };
    const typed = item.querySelector("textarea, input:not([type=radio]):not([type=hidden]), select:not([data-missing])");
    if (typed?.type === "checkbox") return { value: typed.checked ? "1" : "0", missing: "" };
    return { value: typed ? typed.value : "", missing: "" };
  };

  const start = (form) => {
    const waiting = new Map();
    let sending = false;
    let stopped = false;
    let sequence = 0;
    let failures = 0;
    let retry = 0;
    let submitter = null;

    const typing = new Map();
    const isBusy = () => sending || waiting.size > 0 || typing.size > 0;

    // Signing in again in another tab changes the token; the cookie has the new one, and the form is sent with it too.
    const token = () => {
      const field = form.querySelector("[name=csrfmiddlewaretoken]");
      const cookie = document.cookie.match(/(?:^|; )[^=;]*csrftoken=([^;]+)/);
      if (field && cookie) field.value = cookie[1];
      return field?.value || "";
    };

    // Grows across reloads and tabs of one person, so that the server can drop an answer overtaken on its way.
    const next = () => {
      sequence = Math.max(sequence + 1, Date.now());
      return sequence;
    };

    const post = async (answers) => {
      const body = new URLSearchParams();
      for (const [item, answer] of answers) {
        for (const [name, value] of Object.entries({ item, ...answer })) body.append(name, value);
      }
      return fetch(form.dataset.draftUrl, {
        method: "POST",
        body,
        headers: { "X-CSRFToken": token(), Accept: "application/json" },
        credentials: "same-origin",
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT),
      });
    };

    const again = (answers, text = "Not saved, kept here, retrying") => {
      for (const [item, answer] of answers) if (!waiting.has(item)) waiting.set(item, answer);
      failures += 1;
      say("kept", text);
      clearTimeout(retry);
      retry = setTimeout(drain, Math.min(LONGEST_WAIT, 1000 * 2 ** (failures - 1)));
    };

    const refuse = (items, sentence) => {
      for (const item of items) form.querySelector(`[data-item="${CSS.escape(item)}"]`)?.setAttribute("data-unsaved", "");
      if (items.length) say("refused", `Not saved: ${sentence || "the server refused this answer"}`);
    };

    const saved = (report) => {
      failures = 0;
      for (const place of form.querySelectorAll("[data-answered]")) place.textContent = String(report.answered);
      const refused = Object.entries(report.refused);
      const unsaved = form.querySelectorAll("[data-unsaved]").length;
      if (refused.length) refuse(refused.map(([item]) => item), refused[0][1]);
      else if (unsaved) say("refused", `Not saved: ${unsaved} ${unsaved === 1 ? "answer" : "answers"}`);
      else if (waiting.size === 0) say("saved", `Saved ${report.saved_at}`);
    };

    // Returns false where the queue must rest: a retry is planned, or the form was changed elsewhere.
    const send = async (answers) => {
      let response;
      try {
        response = await post(answers);
      } catch {
        again(answers);
        return false;
      }
      const report = await response.json().catch(() => ({}));
      if (response.ok && report.saved_at) {
        saved(report);
        return true;
      }
      if (response.status === 409) {
        stopped = true;
        waiting.clear();
        say("conflict", "Someone else completed this form. Send yours to compare the two.");
        return false;
      }
      if ([400, 404, 413, 422].includes(response.status)) {
        failures = 0;
        refuse([...answers.keys()], report.error);
        return true;
      }
      const signedOut = response.type === "opaqueredirect" || [401, 403].includes(response.status);
      again(answers, signedOut ? "Not saved, kept here: sign in again in another tab" : undefined);
      return false;
    };

    const drain = async () => {
      if (sending || stopped) return;
      clearTimeout(retry);
      sending = true;
      let going = true;
      while (going && waiting.size > 0) {
        const answers = new Map(waiting);
        waiting.clear();
        if (failures === 0) say("saving", "Saving…");
        going = await send(answers);
      }
      sending = false;
      if (submitter && !isBusy() && !stopped) form.requestSubmit(submitter.isConnected ? submitter : undefined);
    };

    const keep = (item) => {
      clearTimeout(typing.get(item));
      typing.delete(item);
      item.removeAttribute("data-unsaved");
      waiting.set(item.dataset.item, { ...answerOf(item), sequence: next() });
      if (failures === 0) drain();
    };

    const changed = (target, pause) => {
      const item = target.closest("[data-item]");
      if (!item || stopped) return;
      if (!pause) {
        keep(item);
        return;
      }
      say("saving", "Saving…");
      clearTimeout(typing.get(item));
      typing.set(item, setTimeout(() => keep(item), pause));
    };

    form.addEventListener("answered", (event) => changed(event.target, 0));
    form.addEventListener("input", (event) => {
      if (event.target.matches("textarea, input:not([type=radio]):not([type=checkbox])")) changed(event.target, TYPING_PAUSE);
    });
    form.addEventListener("change", (event) => {
      if (!event.target.closest("[data-scale] .scale-item")) changed(event.target, 0);
    });

    // A submit that overtakes an answer on its way would complete the form without it.
    form.addEventListener("submit", (event) => {
      if (stopped || !isBusy()) return;
      event.preventDefault();
      submitter = event.submitter || form.querySelector("[data-complete]");
      for (const item of [...typing.keys()]) keep(item);
      if (failures === 0) say("saving", "Saving…");
      drain();
    });

    // Somebody who signed in again in another tab comes back to this one.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && failures > 0) drain();
    });
    window.addEventListener("online", drain);
    window.addEventListener("beforeunload", (event) => {
      if (isBusy()) event.preventDefault();
    });
  };

  for (const form of document.querySelectorAll("form[data-draft-url]")) start(form);
})();
