/* The inbox beyond HTML and htmx:

   form[data-optimistic]   the pressed button shows at once; the answer confirms or takes it back
   [data-scroll-end]       stands at its end when it is opened and when something is added
   .panes[data-pane]       which pane a phone shows follows the address
   #opening                stands in for a conversation until it is there
   #delivered              says what became of a message
   [data-checked]          its time says when WaziMe was last looked at, also when nothing changed */

const OPENED = /^\/inbox\/(\d+|new)\/$/;

document.addEventListener("htmx:beforeRequest", ({ target, detail }) => {
  if (!target.matches("form[data-optimistic]")) return;
  const pressed = detail.requestConfig.triggeringEvent?.submitter;
  for (const button of target.querySelectorAll("[aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button === pressed));
  }
});

/* What became of the last choice is read when the person goes on to something else. */
document.addEventListener("htmx:beforeRequest", ({ target, detail }) => {
  if (detail.requestConfig.verb === "get" || target.closest("#status")) return;
  document.querySelector(".triage__said")?.replaceChildren();
});

/* The thread's poll brings the status along. A control that shows it already keeps its place and what
   it says; one that is asking gets an answer of its own. */
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  const { target, fragment } = detail;
  if (target.id !== "status") return;
  const seen = (control) => control.querySelector("[name=seen]").value;
  const isAsking = target.querySelector(".htmx-request");
  if (isAsking || seen(target) === seen(fragment)) detail.shouldSwap = false;
  else if (hasFocus(target)) left.focus = "status";
});

/* A poll that was asked before a status was set may answer after it, with the status of before. The
   next one gets an answer in any case: somebody may set the status back until then. */
document.addEventListener("htmx:beforeOnLoad", ({ target }) => {
  const thread = document.getElementById("thread");
  if (!thread || !target.closest("#status")) return;
  htmx.trigger(thread, "htmx:abort");
  thread.setAttribute("hx-headers", "{}");
});

/* Only an answer with a fragment repaints the form: after anything else the truth comes back. */
document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
  if (!target.matches("form[data-optimistic]") || detail.xhr.status in { 200: 1, 409: 1, 422: 1, 502: 1 }) return;
  const seen = target.elements.seen.value;
  for (const button of target.querySelectorAll("[aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button.value === seen));
  }
});

/* Opening a conversation. From the click on its name is what one sees, so that nobody goes on
   writing to the customer before; when it cannot be opened, that one comes back. */
const opens = (element) => element.matches('a[hx-target="#conversation"]');
let opening = ""; // its path

function showOpened() {
  const path = opening || location.pathname;
  document.querySelector(".panes").dataset.pane = OPENED.test(path) ? "thread" : "list";
  for (const link of document.querySelectorAll(".row__link")) {
    if (link.pathname === path) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

document.addEventListener("htmx:beforeRequest", ({ target: link, detail }) => {
  if (!opens(link)) return;
  const standIn = document.getElementById("opening").content.firstElementChild.cloneNode(true);
  standIn.querySelector("h1").textContent = link.textContent.trim() || link.ariaLabel;
  detail.target.before(standIn);
  opening = link.pathname;
  showOpened();
  // Not htmx:afterRequest: nobody hears that of a link whose list has been replaced meanwhile.
  detail.xhr.addEventListener("loadend", () => endOpening(detail.xhr.status === 200));
});

function endOpening(isOpen) {
  document.querySelector(".conversation--opening")?.remove();
  opening = "";
  showOpened();
  if (!isOpen || document.activeElement.matches("input, textarea, select")) return;
  document.querySelector("#conversation h1")?.focus({ preventScroll: true });
}

/* What is open before somebody's eyes is seen. */
document.addEventListener("htmx:configRequest", ({ target, detail }) => {
  if (target.id === "conversations" && !document.hidden) detail.headers["X-Looking"] = "yes";
});

/* The list stays where it was scrolled to while it is the same list. What had the focus gets it
   back by its id; when it is gone, the chosen tab or status has it, or the first one to choose. */
const hasFocus = (part) => part.contains(document.activeElement);
let left = {}; // what is being replaced; focus: the id of the part that had it

document.addEventListener("htmx:beforeSwap", ({ target }) => {
  left = {
    focus: hasFocus(target) && target.id,
    list: target.getAttribute("hx-get"),
    top: target.querySelector(".pane__body")?.scrollTop,
  };
});
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id === "conversations") {
    showOpened();
    if (left.list === target.getAttribute("hx-get")) {
      target.querySelector(".pane__body").scrollTop = left.top;
    }
  }
  if (left.focus !== target.id || document.activeElement !== document.body) return;
  const chosen = target.querySelector("[aria-current=page], [aria-pressed=true]");
  (chosen ?? target.querySelector("[aria-pressed]"))?.focus({ preventScroll: true });
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
/* What was said before comes above what somebody reads, which stays where it is. */
document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  if (!target.matches(".older__more")) return;
  const box = target.closest("[data-scroll-end]");
  if (!box) return;
  const below = box.scrollHeight - box.scrollTop;
  document.addEventListener("htmx:afterSwap", () => (box.scrollTop = box.scrollHeight - below), { once: true });
});
document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  if (elt.matches("#conversation")) openThread();
  else if (elt.matches("#thread")) scrollToEnd();
});
openThread();

/* What became of a message is also said. */
const FINAL = ["sent", "rejected", "uncertain", "cancelled"];
let states = {};

document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (target.id !== "thread") return;
  const bubbles = [...target.querySelectorAll(".bubble")];
  states = Object.fromEntries(bubbles.map(({ id, dataset }) => [id, dataset.state]));
});
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id !== "thread") return;
  const said = [...target.querySelectorAll(".bubble")]
    .filter(({ id, dataset: { state } }) => FINAL.includes(state) && states[id] !== state)
    .map((bubble) => {
      const text = bubble.querySelector(".bubble__body").innerText.slice(0, 80);
      return `${bubble.querySelector(".state").innerText}: ${text}`;
    });
  if (said.length) document.getElementById("delivered").textContent = said.join(" ");
});

document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
  if (detail.xhr.status !== 204) return;
  const checked = target.querySelector?.("[data-checked] time");
  if (!checked) return;
  checked.dateTime = new Date().toISOString();
});
