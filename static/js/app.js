// What htmx leaves to the page: hidden tabs, plain words for errors, and where the focus goes.
"use strict";

(() => {
  const words = {
    0: "No answer from the server. Check your connection; nothing you saved is lost.",
    400: "This page was open too long. Reload it and try again.",
    401: "You have been signed out. Reload the page to sign in again.",
    403: "You are not allowed to do that.",
    404: "That is not there any more. Reload the page.",
    409: "That is already under way.",
    413: "That file is too large.",
    429: "Too many tries. Wait a minute, then try again.",
    503: "We cannot do that right now. Your archive keeps running; try again in a few minutes.",
  };

  const region = (id) => document.getElementById(id);

  function say(id, text) {
    const node = region(id);
    if (node && node.textContent !== text) node.textContent = text;
  }

  // A place inside the form that failed may still hold the success of the try before.
  function clearStale(element) {
    const form = element.closest("form, [data-result]");
    const id = form && form.getAttribute("data-result");
    const stale = id && document.getElementById(id);
    if (stale) stale.replaceChildren();
    say("status", "");
  }

  function polls(element) {
    return /\bevery\b/.test(element.getAttribute("hx-trigger") || "");
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, requestConfig } = event.detail;
    const asked = requestConfig && requestConfig.triggeringEvent;
    if (document.hidden && polls(elt) && !asked) event.preventDefault();
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) say("alert", "");
  });

  document.addEventListener("htmx:responseError", (event) => {
    const { elt, xhr } = event.detail;
    // A fragment that fails answers one plain line; proxies and whole pages answer something else.
    const plain = /^text\/plain/.test(xhr.getResponseHeader("Content-Type") || "");
    const short = plain && xhr.responseText.length < 300 && xhr.responseText;
    clearStale(elt);
    say("alert", short || words[xhr.status] || "Something went wrong on our side. Try again in a minute.");
  });

  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      clearStale(event.detail.elt);
      say("alert", words[0]);
    });
  }

  document.addEventListener("htmx:afterSettle", (event) => {
    const root = event.detail.elt;
    const wanted = root.getAttribute && root.getAttribute("data-focus");
    const target = wanted && (root.matches(wanted) ? root : root.querySelector(wanted));
    if (target) target.focus();
    const announced = root.getAttribute && root.getAttribute("data-announce");
    if (announced) say("status", announced);
  });

  // A page restored by the Back button is as old as the moment it was left: refresh what polls.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const element of document.querySelectorAll("[hx-trigger*='archive-changed']")) {
      window.htmx.trigger(element, "archive-changed");
    }
  });

  // The zone that this computer is set to: times are written in it until another one is saved.
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (here && /^[\w+\/-]+$/.test(here) && !document.cookie.split("; ").includes(`zone=${here}`)) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `zone=${here}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }
  for (const select of document.querySelectorAll("select[data-guess-zone]")) {
    if ([...select.options].some((option) => option.value === here)) select.value = here;
  }

  // Copy buttons are of use with script only, so they are shown here.
  async function copy(button) {
    const field = region(button.getAttribute("data-copy"));
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      if (!document.execCommand("copy")) return say("status", "Press Ctrl+C to copy.");
    }
    button.focus();
    button.textContent = "Copied";
    say("status", "Copied");
    setTimeout(() => {
      button.textContent = "Copy";
      say("status", "");
    }, 3000);
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }

  // What a whole page says of the form before it is read out, too: a live region has to change.
  const said = document.querySelector("[data-say]");
  if (said) setTimeout(() => say("status", said.textContent.trim()), 200);

  // An answer to a full-page form starts reading at its errors.
  const summary = document.querySelector("[data-error-summary]");
  if (summary) summary.focus();
})();
