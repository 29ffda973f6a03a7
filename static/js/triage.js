/* Triage of several conversations, and what comes after Done. All words stand in
   templates/inbox/_bulk.html.

   [data-pick]      a row's checkbox; value: the conversation's id, data-status: what the row shows.
                    x selects the row that has the focus or is open, Shift + x or a click with Shift
                    all from the last one on, * all of the page, Escape none
   #bulk            what is selected; its buttons set the status of each, one request for one
                    conversation and two at a time, so that they hold up nobody else
   #undo-toast      puts back what was changed last, each to its own status while nobody changed it
   #open-next       the switch in the sheet of keys: the next conversation opens after Done
   #snooze          its menu has the focus when it opens                                           */

const AT_ONCE = 2;
const PATIENCE = 60_000; // milliseconds for one conversation
const GIVE_UP = 3; // conversations in a row for which WaziMe did not answer

const person = document.body.dataset.user;
const bar = document.getElementById("bulk");
const part = (selector) => bar.querySelector(selector);
const list = () => document.getElementById("conversations");
const boxes = () => [...list().querySelectorAll("[data-pick]")];
const rowOf = (id) => document.getElementById(`pick-${id}`)?.closest(".row");
const filled = (text, count) => text.replace("#", new Intl.NumberFormat(document.documentElement.lang).format(count));

/* What is selected --------------------------------------------------------------------------------

   By the conversation's id: { id, name, url, seen, state, problem }. state: picked, asking, done or
   failed. */
const entries = new Map();
let anchor = ""; // where a range begins
let listed = list().getAttribute("hx-get");
let run = null; // { jobs, left, finished, silent, isStopped } while statuses are being set

const picked = () => [...entries.values()].filter(({ state }) => state !== "done");

function entryOf(box) {
  const link = box.closest(".row").querySelector(".row__link");
  const { value: id, dataset } = box;
  const url = `${link.pathname}status/`;
  return { id, name: link.textContent.trim(), url, seen: dataset.status, state: "picked", problem: "" };
}

function pick(chosen, isOn) {
  if (run) return;
  for (const [id, { state }] of entries) if (state === "done") entries.delete(id);
  for (const box of chosen) {
    if (isOn) entries.set(box.value, entryOf(box));
    else entries.delete(box.value);
  }
  show();
}

function pickTo(box) {
  const all = boxes();
  const from = all.findIndex(({ value }) => value === anchor);
  const to = all.indexOf(box);
  pick(from < 0 ? [box] : all.slice(Math.min(from, to), Math.max(from, to) + 1), true);
}

function pickNone() {
  if (run) return;
  const hadFocus = bar.contains(document.activeElement);
  entries.clear();
  anchor = "";
  show();
  if (hadFocus) list().querySelector(".row__link[aria-current], .row__link")?.focus();
}

function pickAll() {
  const all = boxes();
  pick(all, !all.every(({ value }) => picked().some(({ id }) => id === value)));
}

/* Showing ----------------------------------------------------------------------------------------- */

function show() {
  for (const box of boxes()) {
    const { state, problem } = entries.get(box.value) ?? {};
    const row = box.closest(".row");
    box.checked = Boolean(state) && state !== "done";
    box.disabled = Boolean(run);
    if (run && state) row.dataset.triage = state;
    else delete row.dataset.triage;
    showProblem(row, problem);
  }
  const count = picked().length;
  if (!count && !run && bar.contains(document.activeElement)) list().querySelector(".row__link")?.focus();
  bar.hidden = !count && !run;
  part("[data-count-picked]").textContent = run
    ? bar.dataset.progress.replace("{n}", run.finished).replace("{all}", run.jobs.length)
    : counted(count);
  const progress = part("progress");
  progress.hidden = part("[data-stop]").hidden = !run;
  if (run) Object.assign(progress, { max: run.jobs.length, value: run.finished });
  for (const name of ["[data-pick-all]", "[data-pick-none]"]) part(name).hidden = Boolean(run);
  for (const button of bar.querySelectorAll("[data-bulk-status]")) button.disabled = Boolean(run);
  showMissing();
}

const counted = (count) => (count === 1 ? bar.dataset.one : filled(bar.dataset.many, count));

function showProblem(row, problem) {
  row.querySelector(".row__problem")?.remove();
  if (!problem) return;
  const reason = document.createElement("p");
  reason.className = "row__problem";
  reason.textContent = problem;
  row.append(reason);
}

/* What failed and stands in the list no more is named above the bar. */
function showMissing() {
  const missing = picked().filter(({ id, problem }) => problem && !rowOf(id));
  const items = missing.map(({ name, problem }) => {
    const item = document.createElement("li");
    const who = document.createElement("bdi");
    who.textContent = name;
    item.append(who, `: ${problem}`);
    return item;
  });
  part("[data-problems]").replaceChildren(...items);
  part("[data-problems]").hidden = !items.length;
}

function say(text) {
  document.getElementById("bulk-said").textContent = text;
}

/* Setting ----------------------------------------------------------------------------------------- */

function token() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
}

/* How one went: { code, problem, login, ended }. The endpoint is the one that a person's click asks.
   until: of the snooze that goes with the status; ended: of the one that it has ended. */
async function setStatus(url, { to, seen, until = "" }) {
  const words = document.getElementById("toast-words").dataset;
  try {
    const answer = await fetch(url, {
      method: "POST",
      body: new URLSearchParams({ status: to, seen, until }),
      headers: { "HX-Request": "true", "HX-Current-URL": location.href, "X-CSRFToken": token() },
      signal: AbortSignal.timeout(PATIENCE),
      keepalive: true,
    });
    const fragment = document.createElement("template");
    fragment.innerHTML = await answer.text();
    const ended = fragment.content.querySelector(".triage__said [name=until]")?.value;
    if (answer.ok) return { code: answer.status, problem: "", ended };
    const reason = fragment.content.querySelector(".triage__refused")?.textContent.trim();
    const problem = reason ?? words[answer.status] ?? words.error;
    return { code: answer.status, problem, login: answer.headers.get("HX-Redirect") };
  } catch (error) {
    return { code: 0, problem: error.name === "TimeoutError" ? words.timeout : words.network };
  }
}

/* jobs: { entry, to, seen, until }; to and seen are statuses. Returns those that are done. */
async function setAll(jobs) {
  run = { jobs, left: [...jobs], finished: 0, silent: 0, isStopped: false };
  show();
  const work = async () => {
    while (run.left.length && !run.isStopped) await setOne(run.left.shift());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (run.login) {
    location.assign(run.login);
    return new Promise(() => {}); // the page goes, and keeps what is left
  }
  const isDown = run.silent >= GIVE_UP && run.left.length > 0;
  const isStopped = run.left.length > 0;
  run = null;
  show();
  const failed = jobs.filter(({ entry }) => entry.state === "failed").length;
  const said = [];
  if (failed) said.push(filled(bar.dataset.failed, failed));
  if (isStopped) said.push(isDown ? bar.dataset.down : bar.dataset.stopped);
  document.body.dispatchEvent(new CustomEvent("poll"));
  return { done: jobs.filter(({ entry }) => entry.state === "done"), said };
}

async function setOne(job) {
  const { entry, to } = job;
  Object.assign(entry, { state: "asking", problem: "" });
  show();
  const { code, problem, login, ended } = await setStatus(entry.url, job);
  if (code === 401) {
    Object.assign(run, { isStopped: true, login: login ?? location.href });
    return;
  }
  Object.assign(entry, { state: problem ? "failed" : "done", problem });
  if (!problem) {
    entry.seen = to;
    job.ended = ended;
  }
  run.finished += 1;
  run.silent = code === 0 || code >= 500 ? run.silent + 1 : 0;
  if (run.silent >= GIVE_UP) run.isStopped = true;
  show();
}

async function setPicked(status, name) {
  if (run) return;
  undoToast()?.remove();
  // What the rows show by now is what the person sees.
  const jobs = picked().map((entry) => {
    const box = document.getElementById(`pick-${entry.id}`);
    return { entry, to: status, seen: box?.dataset.status ?? entry.seen };
  });
  const { done, said } = await setAll(jobs);
  if (done.length) said.unshift(`${name}: ${filled("#", done.length)}.`);
  tell(said.join(" "), done);
}

/* Undo -------------------------------------------------------------------------------------------- */

const undoToast = () => document.getElementById("undo-several");
let undoable = []; // jobs that are done

/* done: jobs that can be undone; count: of how many it tells that they went well. One of a single
   conversation goes by itself, as other toasts do. */
function tell(text, done, count = done.length) {
  undoToast()?.remove();
  if (!text) return;
  undoable = done.filter(({ to, seen }) => seen !== "" && seen !== to);
  const toast = document.getElementById("undo-toast").content.firstElementChild.cloneNode(true);
  toast.id = "undo-several";
  toast.querySelector(".toast__text").textContent = text;
  if (!count) toast.querySelector("svg").remove();
  toast.querySelector("[data-undo]").hidden = !undoable.length;
  toast.toggleAttribute("data-toast-stays", undoable.length > 1);
  document.getElementById("toasts").append(toast);
}

async function undo() {
  if (run) return;
  undoToast()?.remove();
  const jobs = undoable.map(({ entry, to, seen, ended }) => ({ entry, to: seen, seen: to, until: ended }));
  for (const { entry } of jobs) entries.set(entry.id, entry);
  const { done, said } = await setAll(jobs);
  if (done.length) said.unshift(filled(bar.dataset.back, done.length));
  tell(said.join(" "), [], done.length);
}

/* Whoever changes one conversation by hand means that one when they undo. */
document.addEventListener("htmx:beforeRequest", ({ target, detail }) => {
  if (target.closest("#status") && detail.requestConfig.verb === "post") undoToast()?.remove();
});

/* Leaving in the middle: the session has expired, or somebody went elsewhere. What is done is done;
   the rest is still selected when they come back. */
const KEPT = `triage:${person}`;

addEventListener("pagehide", () => {
  if (!run) return;
  const rest = picked().map((entry) => ({ ...entry, state: entry.state === "asking" ? "picked" : entry.state }));
  const done = run.jobs.filter(({ entry }) => entry.state === "done");
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ rest, done }));
  } catch {
    // No storage: the list shows what was done.
  }
});

function restore() {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(KEPT));
    sessionStorage.removeItem(KEPT);
  } catch {
    return;
  }
  if (!kept) return;
  for (const entry of kept.rest) entries.set(entry.id, entry);
  tell(bar.dataset.interrupted, kept.done);
}

/* After Done ---------------------------------------------------------------------------------------- */

let next = ""; // the id of the row's link that comes after the open one

const leaves = (form) => form.matches("#status form[data-optimistic], #status form[data-snooze]");

document.addEventListener("htmx:beforeRequest", ({ target }) => {
  if (!leaves(target)) return;
  const links = [...document.querySelectorAll(".row__link")];
  const place = links.findIndex(({ pathname }) => pathname === location.pathname);
  next = links[place + 1]?.id ?? "";
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { elt: form, parameters } = detail.requestConfig;
  if (detail.xhr.status !== 200 || !form.matches("[data-optimistic], [data-snooze]") ) return;
  if (!document.getElementById("open-next").checked || (parameters.status !== "1" && !parameters.until)) return;
  const link = document.getElementById(next);
  if (!link) return;
  const name = document.querySelector("#conversation h1").textContent.trim();
  const said = document.querySelector(".triage__said span")?.textContent ?? "";
  const url = form.getAttribute("action").replace(/snooze\/$/, "status/");
  const entry = { id: url, name, url, seen: "1", state: "done", problem: "" };
  if (said) tell(`${name}: ${said}`, [{ entry, to: "1", seen: parameters.seen }]);
  link.click();
});

/* Events ------------------------------------------------------------------------------------------ */

function pressedRow() {
  const rows = [...list().querySelectorAll(".row")];
  return (
    document.activeElement.closest(".row") ??
    rows.find((row) => row.querySelector('.row__link[aria-current="true"]')) ??
    rows[0]
  );
}

document.addEventListener("single-key", ({ detail: { key, shiftKey } }) => {
  if (key === "*") pickAll();
  if (key.toLowerCase() !== "x") return;
  const box = pressedRow()?.querySelector("[data-pick]");
  if (!box) return;
  if (shiftKey) pickTo(box);
  else pick([box], !box.checked);
  anchor = box.value;
  say(counted(picked().length));
});

document.addEventListener("click", ({ target, shiftKey }) => {
  const at = (selector) => target.closest?.(selector);
  const box = at("[data-pick]");
  if (box && shiftKey) pickTo(box);
  else if (box) pick([box], box.checked);
  if (box) anchor = box.value;
  if (at("[data-pick-all]")) pickAll();
  if (at("[data-pick-none]")) pickNone();
  if (box || at("[data-pick-all], [data-pick-none]")) say(counted(picked().length));
  const status = at("[data-bulk-status]");
  if (status) setPicked(status.value, status.textContent.trim());
  if (at("[data-stop]") && run) run.isStopped = true;
  if (at("[data-undo]")) undo();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !picked().length) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.target.matches("input:not([type=checkbox]), textarea, select") || event.target.closest("details[data-menu]")) return;
  pickNone();
  say(counted(0));
});

document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id !== "conversations") return;
  const isSame = listed === target.getAttribute("hx-get");
  listed = target.getAttribute("hx-get");
  if (!isSame && !run) pickNone();
  else show();
});

document.addEventListener(
  "toggle",
  ({ target }) => {
    if (target.id !== "snooze" || !target.open) return;
    const panel = target.querySelector(".menu__panel");
    if (panel.contains(document.activeElement)) return;
    (panel.querySelector("[aria-invalid]") ?? panel.querySelector("button")).focus();
  },
  { capture: true },
);

restore();
show();
