/* What pages do beyond HTML and htmx, by data- attributes:

   time[data-relative]                  its text counts up, in the page's language
   textarea[data-draft="key"]           kept in this browser while it is written, for each person apart;
                                        forgotten by the event draft-sent {"key": …} (HX-Trigger)
   textarea[data-enter-submit]          Enter sends (not on a touch keyboard), Shift + Enter breaks the line
   textarea[data-count="id"]            the element with this id counts towards maxlength
   form[data-clear-drafts]              logging out forgets the person's drafts
   details[data-menu]                   closes on Escape and on a click elsewhere
   [data-toast], [data-toast-close]     a toast goes by itself, except an error and [data-toast-stays]
   [data-fill-login], [data-fill-password]   a demo account fills the login form

   body gets the event "poll" every 5 seconds, every 30 while the tab is hidden, and at once when it
   is shown again: live fragments say hx-trigger="poll from:body".                                   */

const language = document.documentElement.lang;
const region = document.getElementById("toasts");
const words = document.getElementById("toast-words")?.dataset;

function cookie(name) {
  const found = document.cookie.split("; ").find((entry) => entry.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/* Time zone ---------------------------------------------------------------------------------- */

const secure = location.protocol === "https:" ? "; secure" : "";
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;

/* Requests: an upload takes as long as it takes --------------------------------------------------- */

document.addEventListener("htmx:configRequest", ({ detail, target }) => {
  if (target.closest("form")?.enctype === "multipart/form-data") detail.timeout = 0;
});

/* CSRF: a login in another tab rotates the token, so it is read when a request is made. --------- */

document.addEventListener("htmx:configRequest", ({ detail }) => {
  const token = cookie("csrftoken");
  if (detail.verb === "get" || !token) return;
  detail.headers["X-CSRFToken"] = token;
  if (detail.parameters.csrfmiddlewaretoken) detail.parameters.csrfmiddlewaretoken = token;
});

document.addEventListener(
  "submit",
  ({ target }) => {
    const field = target.querySelector("input[name=csrfmiddlewaretoken]");
    const token = cookie("csrftoken");
    if (field && token) field.value = token;
  },
  { capture: true },
);

/* Relative times ----------------------------------------------------------------------------- */

const short = new Intl.RelativeTimeFormat(language, { style: "short" });
const long = new Intl.RelativeTimeFormat(language);
const now = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(0, "second");
const UNITS = [
  ["year", 31536000],
  ["month", 2592000],
  ["week", 604800],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

function relative(seconds) {
  if (Math.abs(seconds) < 45) return now;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size * 0.85) ?? UNITS.at(-1);
  const count = Math.max(1, Math.round(Math.abs(seconds) / length));
  // In Spanish a month's abbreviation reads like a minute's.
  const words = length < 86400 ? short : long;
  return words.format(Math.sign(seconds) * count, unit);
}

function countTimes(root = document) {
  for (const element of root.querySelectorAll("time[data-relative]")) {
    const text = relative((Date.parse(element.dateTime) - Date.now()) / 1000);
    if (element.textContent !== text) element.textContent = text;
  }
}

setInterval(countTimes, 15_000);

/* Polls -------------------------------------------------------------------------------------- */

let polled = Date.now();
let isLeaving = false;

/* Whoever is no longer logged in is on the way to the login: another answer that leads there would
   begin the way anew. What comes back with the browser's back button asks again. */
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status !== 401) return;
  if (isLeaving) event.preventDefault();
  isLeaving = true;
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (isLeaving) event.preventDefault();
});
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) isLeaving = false;
});

function poll() {
  polled = Date.now();
  document.body.dispatchEvent(new CustomEvent("poll"));
}

/* A little less than 30 and 5 seconds: a tick may come early. */
setInterval(() => {
  if (Date.now() - polled >= (document.hidden ? 29_900 : 4_900)) poll();
}, 5_000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && Date.now() - polled > 5_000) poll();
});

/* Toasts ------------------------------------------------------------------------------------- */

const TOAST_TIME = 9_000;

function armToast(toast) {
  if (toast.matches(".toast--error, [data-toast-stays]")) return;
  let timer;
  const start = () => (timer = setTimeout(() => toast.remove(), TOAST_TIME));
  const stop = () => clearTimeout(timer);
  for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, stop);
  for (const event of ["pointerleave", "focusout"]) toast.addEventListener(event, start);
  start();
}

function toastError(kind) {
  const text = words?.[kind] ?? words?.error;
  if (!text || region.querySelector(`[data-kind="${kind}"]`)) return;
  const toast = document.getElementById("toast-error").content.firstElementChild.cloneNode(true);
  toast.dataset.kind = kind;
  toast.querySelector(".toast__text").textContent = text;
  region.append(toast);
}

document.addEventListener("htmx:responseError", ({ detail }) => toastError(String(detail.xhr.status)));
/* A whole page, as a proxy in front of the dashboard answers, does not belong into a fragment. */
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.status < 400 || !/<html/i.test(detail.serverResponse.slice(0, 500))) return;
  detail.shouldSwap = false;
  toastError(String(detail.xhr.status));
});
document.addEventListener("htmx:sendError", () => toastError("network"));
document.addEventListener("htmx:timeout", () => toastError("timeout"));
document.addEventListener("htmx:afterOnLoad", () => {
  region?.querySelector('[data-kind="network"]')?.remove();
});

if (region) {
  for (const toast of region.querySelectorAll("[data-toast]")) armToast(toast);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node.matches?.("[data-toast]")) armToast(node);
    }
  }).observe(region, { childList: true });
}

/* Drafts ------------------------------------------------------------------------------------- */

const person = document.body.dataset.user;
const draftKey = (key) => `draft:${person}:${key}`;
const sending = new Map(); // what each draft's field held when its form was sent

function storeDraft(key, text) {
  try {
    if (text) localStorage.setItem(draftKey(key), text);
    else localStorage.removeItem(draftKey(key));
  } catch {
    // No storage (private window, full): the draft lives as long as the page.
  }
}

function storedDraft(key) {
  try {
    return localStorage.getItem(draftKey(key)) ?? "";
  } catch {
    return "";
  }
}

function restoreDrafts(root) {
  for (const field of root.querySelectorAll("textarea[data-draft]")) {
    const text = storedDraft(field.dataset.draft);
    if (field.value || !text) continue;
    field.value = text;
    count(field);
  }
}

document.addEventListener("htmx:beforeRequest", ({ target }) => {
  const field = target.querySelector?.("textarea[data-draft]");
  if (field && target.matches("form")) sending.set(field.dataset.draft, field.value);
});

/* What was written on while the request was under way stays, and so does a draft that another tab
   has stored meanwhile. */
document.addEventListener("draft-sent", ({ detail: { key } }) => {
  const sent = sending.get(key) ?? "";
  sending.delete(key);
  const field = document.querySelector(`textarea[data-draft="${CSS.escape(key)}"]`);
  const rest = field?.value.startsWith(sent) ? field.value.slice(sent.length) : "";
  const stored = storedDraft(key);
  storeDraft(key, rest || (stored.startsWith(sent) ? stored.slice(sent.length) : stored));
  if (!field) return;
  field.value = rest;
  count(field);
});

document.addEventListener("submit", ({ target }) => {
  if (!target.matches("[data-clear-drafts]")) return;
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(draftKey(""))) localStorage.removeItem(key);
  }
});

/* Fields ------------------------------------------------------------------------------------- */

function count(field) {
  const counter = document.getElementById(field.dataset.count);
  if (!counter) return;
  const format = new Intl.NumberFormat(language);
  const length = field.value.length;
  counter.textContent = length ? `${format.format(length)} / ${format.format(field.maxLength)}` : "";
  counter.toggleAttribute("data-full", length >= field.maxLength);
}

document.addEventListener("input", ({ target }) => {
  if (target.matches("textarea[data-draft]")) storeDraft(target.dataset.draft, target.value);
  if (target.matches("textarea[data-count]")) count(target);
});

const touch = matchMedia("(pointer: coarse)");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("textarea[data-enter-submit]")) return;
  if (event.isComposing || event.keyCode === 229 || event.shiftKey || event.altKey) return;
  if (touch.matches && !event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

/* Menus, buttons ------------------------------------------------------------------------------- */

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);

  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }

  at("button[data-toast-close]")?.closest("[data-toast]").remove();

  const account = at("[data-fill-login]");
  if (account) {
    document.getElementById("id_login").value = account.dataset.fillLogin;
    document.getElementById("id_password").value = account.dataset.fillPassword;
    document.querySelector(".entrance form [type=submit]").focus();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

/* A toast's form has done its work when its request ends. */
document.addEventListener("htmx:afterRequest", ({ target }) => {
  if (target.matches("form[data-toast-close]")) target.closest("[data-toast]")?.remove();
});

/* Start, and every fragment that htmx brings ---------------------------------------------------- */

function prepare(root) {
  countTimes(root);
  restoreDrafts(root);
  for (const field of root.querySelectorAll("textarea[data-count]")) count(field);
}

prepare(document);
document.addEventListener("htmx:load", ({ detail }) => prepare(detail.elt));
