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

function scrollToEnd() {
  const box = document.querySelector("[data-scroll-end]");
  if (box) box.scrollTop = box.scrollHeight;
}

document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  if (elt.matches("#conversation, #thread")) scrollToEnd();
});
scrollToEnd();

document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
  if (detail.xhr.status !== 204) return;
  const checked = target.querySelector?.("[data-checked] time");
  if (!checked) return;
  checked.dateTime = new Date().toISOString();
});
