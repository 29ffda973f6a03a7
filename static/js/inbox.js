/* The inbox beyond HTML and htmx:

   form[data-optimistic]   the pressed button shows at once; the answer confirms or takes it back
   [data-scroll-end]       stands at its end when it is opened and when something is added
   .panes[data-pane]       which pane a phone shows follows the address
   [data-checked]          its time says when WaziMe was last looked at, also when nothing changed */

const OPENED = /^\/inbox\/(\d+|new)\/$/;

document.addEventListener("htmx:beforeRequest", ({ target, detail }) => {
  if (!target.matches("form[data-optimistic]")) return;
  const pressed = detail.requestConfig.triggeringEvent?.submitter;
  for (const button of target.querySelectorAll("[aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button === pressed));
  }
});

/* Only an answer with a fragment repaints the form: after anything else the truth comes back. */
document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
  if (!target.matches("form[data-optimistic]") || detail.xhr.status in { 200: 1, 409: 1, 422: 1, 502: 1 }) return;
  const seen = target.elements.seen.value;
  for (const button of target.querySelectorAll("[aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button.value === seen));
  }
});

function followAddress() {
  const opened = OPENED.test(location.pathname);
  document.querySelector(".panes").dataset.pane = opened ? "thread" : "list";
  for (const link of document.querySelectorAll(".row__link")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

document.addEventListener("htmx:pushedIntoHistory", () => {
  followAddress();
  document.querySelector("#conversation h1")?.focus({ preventScroll: true });
});

/* The thread stands at its end, also when the composer below it grows; somebody who reads further
   up is left there. */
let isAtEnd = true;

function scrollToEnd() {
  const box = document.querySelector("[data-scroll-end]");
  if (box && isAtEnd) box.scrollTop = box.scrollHeight;
}

const resized = new ResizeObserver(scrollToEnd);

function openThread() {
  isAtEnd = true;
  resized.disconnect();
  const box = document.querySelector("[data-scroll-end]");
  if (box) resized.observe(box);
  scrollToEnd();
}

document.addEventListener(
  "scroll",
  ({ target }) => {
    if (!target.matches?.("[data-scroll-end]")) return;
    isAtEnd = target.scrollHeight - target.clientHeight - target.scrollTop < 20;
  },
  { capture: true },
);
document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  if (target.id === "thread" && detail.requestConfig.verb === "post") isAtEnd = true;
});
document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  if (elt.matches("#conversation")) openThread();
  else if (elt.matches("#thread")) scrollToEnd();
});
openThread();

document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
  if (detail.xhr.status !== 204) return;
  const checked = target.querySelector?.("[data-checked] time");
  if (!checked) return;
  checked.dateTime = new Date().toISOString();
});
