/* Several people at one inbox.

   #thread             its polls tell the others that this tab is looked at, and whether somebody is
                       writing in the composer
   [data-version]      brought along by a poll, stays as it is while it would show the same
   [data-refocus]      has the focus when what had it is gone */

// Which tab of the person this is: one may be written in while another is only looked at.
const tab = (sessionStorage.tab ??= Math.random().toString(36).slice(2, 14));
const WRITING = 10_000; // so long after the last key somebody counts as writing, in milliseconds
let wroteAt = -Infinity;

document.addEventListener("htmx:configRequest", ({ target, detail }) => {
  if (document.hidden || !target.closest('#conversation, a[hx-target="#conversation"]')) return;
  detail.headers["X-Looking"] = tab;
  if (target.id === "thread" && Date.now() - wroteAt < WRITING) detail.headers["X-Writing"] = "yes";
});

/* The others learn at once that somebody begins to write; that it goes on, by the polls. */
document.addEventListener("input", ({ target }) => {
  if (target.id !== "id_message" || target !== document.activeElement || !target.value) return;
  const begins = Date.now() - wroteAt > WRITING;
  wroteAt = Date.now();
  if (begins) document.getElementById("thread")?.dispatchEvent(new CustomEvent("writing"));
});

document.addEventListener("htmx:beforeRequest", ({ target }) => {
  if (target.matches('a[hx-target="#conversation"], form[data-composer]')) wroteAt = -Infinity;
});

document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  const { target, fragment } = detail;
  const { version } = target.dataset;
  const isSame =
    target.id === "presence"
      ? target.textContent.trim() === fragment.textContent.trim()
      : version !== undefined && fragment.querySelector("[data-version]")?.dataset.version === version;
  if (isSame) detail.shouldSwap = false;
});

let hadFocus = false;
document.addEventListener("htmx:beforeSwap", ({ target }) => {
  hadFocus = target.contains(document.activeElement);
});
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (!hadFocus || document.activeElement !== document.body) return;
  const next = target.matches("[data-refocus]") ? target : target.querySelector("[data-refocus]");
  next?.focus({ preventScroll: true });
});
