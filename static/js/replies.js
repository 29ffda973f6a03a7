/* Saved replies in the composer. All words stand in templates/replies/_picker.html.

   A slash at the start of a word in the message opens the list (#picker), which follows the word:
   then the text field is one with suggestions. It is no combobox, which has one line only (WAI-ARIA).
   [data-picker] opens the same list with a search field of its own, and that is one. What is chosen
   takes the place of the word, or of the selection.

   The options come from the server when a composer first needs them, filled for its customer. */

const WORD = /(?:^|\s)\/([\p{L}\p{N}-]*)$/u;
const PATIENCE = 5_000; // in milliseconds

const picker = () => document.getElementById("picker");
const part = (selector) => picker().querySelector(selector);
const message = () => document.querySelector("form[data-composer]")?.elements.message;
const isOpen = () => picker()?.hidden === false;
const isTyped = () => part(".search").hidden;
const textField = () => (isTyped() ? message() : part("#picker-search"));
const SUGGESTING = { "aria-autocomplete": "list", "aria-controls": "picker-list", "aria-haspopup": "listbox" };
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const wordsOf = (text) => plain(text).replace(/[^\p{L}\p{N}]+/gu, " ").trim();

/* The word behind a slash in which the caret stands; null without one. */
function wordAt({ value, selectionStart, selectionEnd }) {
  const found = selectionStart === selectionEnd && WORD.exec(value.slice(0, selectionStart));
  if (!found) return null;
  return { query: found[1], start: selectionStart - found[1].length - 1, end: selectionStart };
}

/* Options --------------------------------------------------------------------------------------- */

const loaded = new WeakMap(); // by the picker: its options, or null while they are on their way

async function load(list) {
  if (loaded.has(list)) return;
  loaded.set(list, null);
  let state = "";
  try {
    const headers = { "HX-Request": "true" }; // whoever is logged out gets no login page
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await fetch(list.dataset.options, { headers, signal });
    if (!answer.ok) throw new Error(answer.statusText);
    const fragment = document.createElement("template");
    fragment.innerHTML = await answer.text();
    loaded.set(list, [...fragment.content.children].map(indexed));
  } catch {
    loaded.delete(list);
    state = "failed";
  }
  if (list === picker() && isOpen()) show(state);
}

function indexed(element) {
  const [name, text] = ["[data-shortcut]", "[data-text]"].map(
    (selector) => element.querySelector(selector).textContent,
  );
  return { element, text, shortcut: plain(name.slice(1)), words: ` ${wordsOf(text)}` };
}

/* Those whose shortcut has it come before those with a word that begins so; otherwise as they are. */
function matching(options, query) {
  const name = plain(query.trim().replace(/^\//, ""));
  const words = ` ${wordsOf(query)}`;
  const rank = (option) =>
    [
      option.shortcut === name,
      option.shortcut.startsWith(name),
      option.shortcut.includes(name),
      option.words.includes(words),
    ].indexOf(true);
  return options
    .map((option) => ({ option, place: rank(option) }))
    .filter(({ place }) => place >= 0)
    .sort((one, other) => one.place - other.place)
    .map(({ option }) => option.element);
}

/* Showing --------------------------------------------------------------------------------------- */

let dismissed = -1; // where the word starts for which the list was closed
let isAwaited = false; // Enter was pressed before the options were there

function open({ typed }) {
  const list = picker();
  list.hidden = false;
  part(".search").hidden = typed;
  part("#picker-search").value = "";
  document.querySelector("[data-picker]").setAttribute("aria-expanded", String(!typed));
  if (typed) for (const [name, value] of Object.entries(SUGGESTING)) message().setAttribute(name, value);
  show();
  load(list);
}

function close() {
  if (!isOpen()) return;
  picker().hidden = true;
  isAwaited = false;
  document.querySelector("[data-picker]").setAttribute("aria-expanded", "false");
  document.getElementById("picker-said").textContent = "";
  for (const name of [...Object.keys(SUGGESTING), "aria-activedescendant"]) message().removeAttribute(name);
}

/* state: what there is to say in place of options. */
function show(state = "") {
  const options = loaded.get(picker());
  const query = isTyped() ? wordAt(message())?.query : part("#picker-search").value;
  if (query === undefined) return close();
  const found = options ? matching(options, query) : [];
  // Somebody who writes on needs no list to say that there is nothing.
  if (isTyped() && options && !found.length) return close();
  if (isTyped() && state) return close();
  part("#picker-list").replaceChildren(...found);
  picker().dataset.state =
    state || (!options ? "loading" : found.length ? "found" : options.length ? "nothing" : "none");
  picker().classList.toggle("picker--waiting", isTyped() && !options);
  announce(found.length);
  activate(found[0]);
  if (picker().dataset.state === "loading") return;
  if (isAwaited && found.length) choose(found[0]);
  isAwaited = false;
}

function announce(count) {
  const { state, one, many } = picker().dataset;
  const note = part(`[data-for="${state}"]`)?.firstChild.textContent.trim();
  const words = note ?? (count === 1 ? one : many.replace("#", count));
  document.getElementById("picker-said").textContent = words;
}

const active = () => part("[aria-selected=true]");

function activate(option) {
  active()?.setAttribute("aria-selected", "false");
  if (!option) return textField().removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  textField().setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const options = [...part("#picker-list").children];
  if (options.length) activate(options.at((options.indexOf(active()) + step) % options.length));
}

/* Choosing ------------------------------------------------------------------------------------ */

let isInserting = false;

function choose(option) {
  const field = message();
  const { start, end } = isTyped()
    ? (wordAt(field) ?? {})
    : { start: field.selectionStart, end: field.selectionEnd };
  const { text } = loaded.get(picker()).find(({ element }) => element === option);
  close();
  if (start === undefined) return;
  insert(field, text, start, end);
  const token = field.form.elements.csrfmiddlewaretoken.value;
  const headers = { "X-CSRFToken": token };
  // Only the order of the list follows from it.
  fetch(option.dataset.used, { method: "POST", headers, keepalive: true }).catch(() => {});
}

/* As if it was typed, so that it can be undone. What is too long is not cut: it is said. */
function insert(field, text, start, end) {
  const { maxLength } = field;
  isInserting = true;
  field.focus();
  field.setSelectionRange(start, end);
  field.maxLength = field.value.length + text.length;
  const isDone = document.execCommand("insertText", false, text);
  if (!isDone) field.setRangeText(text, start, end, "end");
  field.maxLength = maxLength;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  isInserting = false;
}

/* Events -------------------------------------------------------------------------------------- */

document.addEventListener("input", ({ target, inputType }) => {
  if (target.id === "picker-search") return show();
  if (target !== message() || target !== document.activeElement || isInserting) return;
  const word = inputType?.startsWith("history") ? null : wordAt(target);
  if (word?.query && word.start === dismissed) return;
  dismissed = -1;
  if (word) open({ typed: true });
  else close();
});

const KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Enter: () => (active() ? choose(active()) : (isAwaited = !loaded.get(picker()))),
  Tab: () => choose(active()),
  Escape: leave,
};

/* Before app.js sends the message at Enter, and closes menus at Escape. */
document.addEventListener(
  "keydown",
  (event) => {
    if (!isOpen() || event.isComposing || event.keyCode === 229) return;
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    const isInField = event.target === textField();
    if (isInField && isTyped() && ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) close();
    const act = KEYS[event.key];
    if (!isOpen() || !act || (!isInField && event.key !== "Escape")) return;
    if (event.key === "Tab" && !(isTyped() && active())) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  },
  { capture: true },
);

function leave() {
  if (isTyped()) dismissed = wordAt(message())?.start ?? -1;
  else document.querySelector("[data-picker]").focus();
  close();
}

const touch = matchMedia("(pointer: coarse)");

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-picker]")) {
    if (isOpen() && !isTyped()) return leave();
    open({ typed: false });
    // A keyboard on the screen would cover the list.
    (touch.matches ? picker() : part("#picker-search")).focus();
  } else if (isOpen() && !picker().contains(target)) close();
  else if (target.closest("[data-again]")) open({ typed: false });
  else if (target.closest("#picker-list > [role=option]")) choose(target.closest("[role=option]"));
});

/* The caret stays in its field while one points at the list. */
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("#picker-list")) event.preventDefault();
});

document.addEventListener("focusin", ({ target }) => {
  if (isOpen() && target !== message() && !target.closest("#picker, [data-picker]")) close();
});
