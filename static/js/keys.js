/* Work without the mouse.

   [data-key="r"]           this key clicks it, or puts the cursor there when it is a field; "g i" are
                            two keys, one after the other
   .row__link               j and k open the next and the previous one
   "single-key"             the event that tells the page of any other key
   #keys                    the sheet that lists all keys, with the switch for single keys (WCAG 2.1.4)
   #palette                 Ctrl + K: pages, actions of this page, and who was searched for
   [data-command="#id"]     an option of the palette that clicks the element, while it is there
   [data-href]              an option of the palette that goes there                               */

const FIELD = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const NEXT_KEY_WITHIN = 1500; // milliseconds

const sheet = document.getElementById("keys");
const palette = document.getElementById("palette");
const store = (name) => `${name}:${document.body.dataset.user}`;

/* Switches, kept in this browser: they stand in the sheet with what they are otherwise ----------- */

function isOn({ dataset }) {
  try {
    return (localStorage.getItem(store(dataset.kept)) ?? dataset.otherwise) === "on";
  } catch {
    return dataset.otherwise === "on"; // no storage: nobody can have chosen
  }
}

const singleSwitch = document.getElementById("single-keys");
for (const box of sheet.querySelectorAll("[data-kept]")) {
  box.checked = isOn(box);
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(store(box.dataset.kept), box.checked ? "on" : "off");
    } catch {
      // No storage: the choice cannot be kept.
    }
  });
}

/* Single keys ------------------------------------------------------------------------------------ */

let goAt = -Infinity; // when g was pressed, the first of two keys

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches(FIELD)) leave(event);
  else if (isOn(singleSwitch)) press(event);
});

/* Escape leaves a field, so that the keys work; a search field is emptied first. */
function leave(event) {
  const { target, key } = event;
  if (key !== "Escape" || (target.type === "search" && target.value)) return;
  target.blur();
}

function press(event) {
  const key = event.key.toLowerCase();
  const goes = event.timeStamp - goAt < NEXT_KEY_WITHIN;
  goAt = key === "g" && !goes ? event.timeStamp : -Infinity;
  const target = keyed(goes ? `g ${key}` : key);
  if (target) {
    event.preventDefault(); // the field that it leads to would get the key, too
    use(target);
  } else if (goes) {
    return;
  } else if (key === "?") {
    sheet.showModal();
  } else if (key === "j" || key === "k") {
    step(key === "j" ? 1 : -1);
  } else {
    document.dispatchEvent(new CustomEvent("single-key", { detail: event }));
  }
}

/* The first one with this key that can be seen: a closed menu's cannot. */
function keyed(keys) {
  const all = [...document.querySelectorAll(`[data-key="${CSS.escape(keys)}"]`)];
  return all.find((element) => element.checkVisibility({ visibilityProperty: true }));
}

function use(target) {
  if (target.matches(FIELD)) target.focus();
  else target.click();
}

function step(by) {
  const rows = [...document.querySelectorAll(".row__link")];
  const place = rows.findIndex((row) => row.ariaCurrent === "true");
  const row = rows[place < 0 ? (by > 0 ? 0 : -1) : place + by];
  if (!row) return;
  row.closest("li").scrollIntoView({ block: "nearest" });
  row.click();
}

for (const opener of document.querySelectorAll("[data-open-keys]")) {
  opener.addEventListener("click", () => sheet.showModal());
}

/* The palette ------------------------------------------------------------------------------------ */

const field = palette.querySelector("input");
const list = palette.querySelector("[role=listbox]");

const plain = (text) =>
  text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase().replace(/\s+/g, " ").trim();
const options = () => [...list.querySelectorAll("[role=option]:not([hidden])")];
const marked = () => list.querySelector("[aria-selected=true]");

function openPalette() {
  if (palette.open || sheet.open) return;
  field.value = "";
  document.getElementById("palette-found").replaceChildren();
  filter();
  palette.showModal();
}

/* Pages and actions are looked for here; conversations and contacts come from the server. */
function filter() {
  const wanted = plain(field.value).split(" ");
  for (const option of list.querySelectorAll("[data-command], [data-page]")) {
    const text = plain(option.textContent);
    const isThere = !option.dataset.command || document.querySelector(option.dataset.command);
    option.hidden = !isThere || !wanted.every((word) => text.includes(word));
  }
  mark(options()[0]);
}

function mark(option) {
  marked()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
  palette.querySelector("[data-nothing]").hidden = Boolean(option) || !field.value;
}

function choose(option) {
  if (!option) return;
  palette.close();
  if (option.dataset.command) use(document.querySelector(option.dataset.command));
  else location.assign(option.dataset.href);
}

field.addEventListener("input", filter);
field.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) {
    event.preventDefault();
    const all = options();
    mark(all.at((all.indexOf(marked()) + by) % all.length));
  } else if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    choose(marked());
  }
});
list.addEventListener("click", ({ target }) => choose(target.closest("[role=option]")));
list.addEventListener("htmx:afterSwap", () => {
  if (!marked() || marked().hidden) mark(options()[0]);
});
