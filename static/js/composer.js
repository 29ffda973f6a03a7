/* The composer beyond HTML and htmx. All its words stand in templates/inbox/_composer.html.

   a[data-kind]         opens the fields of a kind, or the file chooser for a medium; "" closes them
   [data-kind-fields]   the fields of a kind; data-file: a medium; data-no-text: no text goes along
   [data-tray]          the files that wait to be sent: chosen, dropped on the thread, or pasted.
                        Each is a message of its own, sent one after the other, so that they arrive
                        in this order; the text goes with the first that takes one.
   [data-follow]        where to go when everything is sent

   Nothing here decides whether a file may be sent: the server does. This only spares an upload. */

const trays = new Map(); // by the form's address: what waits to be sent there
const language = document.documentElement.lang;
const composerOf = (element) => element?.closest?.("form[data-composer]") ?? null;
const here = () => document.querySelector("form[data-composer]");

function trayOf(form) {
  const place = form.getAttribute("action");
  if (!trays.has(place)) trays.set(place, { files: [], carrier: null, isSending: false });
  return trays.get(place);
}

/* Kinds --------------------------------------------------------------------------------------- */

const kindsOf = (form) => [...form.querySelectorAll("[data-kind-fields]")];
const openKind = (form) => kindsOf(form).find((fields) => !fields.hidden);

function open(form, kind) {
  for (const fields of kindsOf(form)) {
    fields.hidden = fields.disabled = fields.dataset.kindFields !== kind;
  }
  show(form);
  const fields = openKind(form);
  fields?.querySelector("#templates")?.dispatchEvent(new CustomEvent("chosen"));
  (fields?.querySelector("input:not([type=hidden])") ?? form.elements.message).focus();
}

/* What is open, the files and the text field fit together. */
function show(form) {
  const { files, isSending } = trayOf(form);
  if (files.length && openKind(form)?.matches("[data-file]")) {
    for (const fields of kindsOf(form)) fields.hidden = fields.disabled = true;
  }
  const fields = openKind(form);
  const sendsFiles = !fields && files.length > 0;
  const textless = fields ? "noText" in fields.dataset : sendsFiles && !files.some(takesText);
  const plain = !fields && !sendsFiles;

  const text = form.elements.message;
  text.hidden = text.disabled = textless;
  text.required = plain;
  text.maxLength = plain ? form.dataset.textLength : form.dataset.captionLength;
  text.placeholder = sendsFiles ? text.dataset.caption : text.dataset.placeholder;
  if (text.dataset.count) text.dispatchEvent(new Event("input", { bubbles: true }));
  form.querySelector("[data-textless]").hidden = !textless;
  const late = form.parentElement.querySelector("[data-late]");
  if (late) late.hidden = fields?.dataset.kindFields === "template";

  // Only an upload may take as long as it takes: see app.js.
  const takesFile = sendsFiles || fields?.matches("[data-file]");
  form.enctype = takesFile ? "multipart/form-data" : "application/x-www-form-urlencoded";
  form.querySelector("[data-cancel]").hidden = !isSending;
  showTray(form, sendsFiles);
  showPoint(form);
}

document.addEventListener("click", (event) => {
  const option = event.target.closest("a[data-kind]");
  const form = option && here();
  if (!form || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const menu = option.closest("details");
  if (menu) menu.open = false;
  if (trayOf(form).isSending) return;
  if (option.dataset.accept) choose(form, option);
  else open(form, option.dataset.kind);
});

/* Files --------------------------------------------------------------------------------------- */

const takesText = (upload) => upload.kind !== "audio";

function choose(form, option) {
  const chooser = document.createElement("input");
  Object.assign(chooser, { type: "file", multiple: true, accept: option.dataset.accept });
  chooser.addEventListener("change", () => add(form, chooser.files, option.dataset.kind));
  chooser.click();
}

function fits(file, option) {
  const name = file.name.toLowerCase();
  return option.dataset.accept.split(",").some((extension) => name.endsWith(extension));
}

/* kind: what the person chose them to be; otherwise the first kind that takes such a file. */
function add(form, files, kind = "") {
  const tray = trayOf(form);
  const options = [...form.querySelectorAll(".menu [data-accept]")];
  const refusals = [];
  for (const file of files) {
    const option = options.find((one) => (!kind || one.dataset.kind === kind) && fits(file, one));
    if (!option) refusals.push([file.name, form.dataset.wrongType]);
    else if (file.size > Number(option.dataset.maxSize)) {
      refusals.push([file.name, option.dataset.tooLarge]);
    } else tray.files.push({ file, kind: option.dataset.kind, url: URL.createObjectURL(file) });
  }
  say(refusals.map(([name, words]) => `${name}: ${words}`));
  if (tray.files.length) open(form, "");
}

function say(sentences) {
  const box = document.getElementById("composer-errors");
  box.replaceChildren(
    ...sentences.map((words) => {
      const sentence = document.createElement("p");
      sentence.className = "field__error";
      sentence.textContent = words;
      return sentence;
    }),
  );
}

function forget(tray, upload) {
  tray.files = tray.files.filter((other) => other !== upload);
  URL.revokeObjectURL(upload.url);
}

function showTray(form, isShown) {
  const list = form.querySelector("[data-tray]");
  const { files } = trayOf(form);
  list.hidden = !isShown;
  const shown = new Map([...list.children].map((item) => [item.upload, item]));
  list.replaceChildren(...files.map((upload) => shown.get(upload) ?? itemOf(form, upload)));
  list.toggleAttribute("data-single", files.length === 1);
  for (const video of list.querySelectorAll("video")) video.controls = files.length === 1;
}

function itemOf(form, upload) {
  const template = form.querySelector("[data-tray-item]").content;
  const item = template.firstElementChild.cloneNode(true);
  item.upload = upload;
  item.dataset.kindOf = upload.kind;
  item.querySelector("[data-name]").textContent = upload.file.name;
  item.querySelector("[data-size]").textContent = sizeOf(upload.file);
  const remove = item.querySelector("[data-remove]");
  item.querySelector("[data-name]").id = upload.url;
  remove.setAttribute("aria-describedby", upload.url);
  remove.addEventListener("click", () => {
    if (trayOf(form).isSending) return;
    forget(trayOf(form), upload);
    show(form);
    form.elements.message.focus();
  });
  const preview = previewOf(upload);
  if (preview) item.querySelector("[data-preview]").replaceChildren(preview);
  return item;
}

function previewOf({ kind, url, file }) {
  const preview = { image: new Image(), video: document.createElement("video") }[kind]
    ?? (kind === "audio" ? new Audio() : null);
  if (!preview) return null;
  preview.src = url;
  if (kind === "image") preview.alt = file.name;
  else preview.controls = true;
  return preview;
}

const UNITS = ["byte", "kilobyte", "megabyte"];

function sizeOf({ size }) {
  const step = Math.min(Math.floor(Math.log2(Math.max(size, 1)) / 10), 2);
  const style = { style: "unit", unit: UNITS[step], maximumFractionDigits: step && 1 };
  return new Intl.NumberFormat(language, style).format(size / 1024 ** step);
}

document.addEventListener("change", ({ target }) => {
  const form = composerOf(target);
  if (!form || target.type !== "file" || !target.files.length) return;
  add(form, target.files, target.name);
  target.value = "";
});

document.addEventListener("paste", (event) => {
  const form = composerOf(event.target);
  const { files, types } = event.clipboardData;
  // Office programs put a picture of a text beside the text.
  if (!form || !files.length || types.includes("text/plain")) return;
  event.preventDefault();
  add(form, files);
});

/* Drag and drop: on the whole thread. dragenter and dragleave also come for each element inside. */

const dropsFiles = (event) => event.dataTransfer?.types.includes("Files") && here();
const paneOf = (event) => event.target.closest?.(".pane--main");

document.addEventListener("dragover", (event) => {
  if (!dropsFiles(event)) return;
  event.preventDefault(); // also beside the thread: a browser would open the file
  const isInside = Boolean(paneOf(event));
  event.dataTransfer.dropEffect = isInside ? "copy" : "none";
  document.querySelector("[data-dropzone]").hidden = !isInside;
});

for (const end of ["dragleave", "drop"]) {
  document.addEventListener(end, (event) => {
    const zone = document.querySelector("[data-dropzone]");
    if (zone && (end === "drop" || !event.relatedTarget)) zone.hidden = true;
  });
}

document.addEventListener("drop", (event) => {
  if (!dropsFiles(event)) return;
  event.preventDefault();
  if (paneOf(event)) add(here(), event.dataTransfer.files);
});

/* Sending: the first file of the tray goes with this request, the next with the next. -------------- */

document.addEventListener("htmx:configRequest", ({ target, detail }) => {
  const form = composerOf(target);
  if (!form || target !== form) return;
  const tray = trayOf(form);
  const [upload] = tray.files;
  if (!upload || openKind(form)) return;
  if (!tray.isSending) tray.carrier = tray.files.find(takesText) ?? null;
  tray.isSending = true;
  detail.parameters[upload.kind] = upload.file;
  if (upload !== tray.carrier) delete detail.parameters.message;
  show(form);
});

document.addEventListener("htmx:xhr:progress", ({ target, detail }) => {
  const form = composerOf(target);
  const [upload] = form ? trayOf(form).files : [];
  if (!upload || !detail.lengthComputable || detail.total < upload.file.size) return;
  const bar = form.querySelector("[data-tray] progress");
  if (!bar) return;
  bar.hidden = false;
  bar.value = detail.loaded / detail.total;
});

document.addEventListener("click", ({ target }) => {
  if (!target.closest("[data-cancel]")) return;
  here().dispatchEvent(new CustomEvent("htmx:abort", { bubbles: true, detail: {} }));
});

/* Also when another conversation has been opened meanwhile: then the form is no longer here. */
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const form = detail.requestConfig.elt;
  if (!form.matches?.("form[data-composer]")) return;
  const tray = trayOf(form);
  const wasUpload = tray.isSending;
  if (wasUpload && detail.xhr.status === 200) forget(tray, tray.files[0]);
  const goesOn = wasUpload && detail.xhr.status === 200 && tray.files.length && form.isConnected;
  tray.isSending = Boolean(goesOn);
  if (!form.isConnected) forgetDraft(form, detail.xhr);
  const shown = here();
  if (shown) show(shown);
  // When this request is over for htmx, too.
  if (goesOn) setTimeout(() => form.requestSubmit());
  else if (detail.xhr.status === 200) follow();
});

/* The event by which app.js learns that a draft was sent does not reach it from a form that is gone. */
function forgetDraft(form, xhr) {
  const event = xhr.getResponseHeader("HX-Trigger") ?? "";
  if (!event.includes("draft-sent")) return;
  const { "draft-sent": detail } = JSON.parse(event);
  document.dispatchEvent(new CustomEvent("draft-sent", { detail }));
}

function follow() {
  const link = document.querySelector("[data-follow]");
  if (link) location.assign(link.href);
}

/* What was written while a request was under way survives its refusal; and a poll may have brought
   another thread since the request began. */
let written = { place: "", text: "" };
document.addEventListener("htmx:beforeOnLoad", ({ target, detail }) => {
  const form = here();
  if (!form || target !== form) return;
  const isRefused = detail.xhr.status !== 200;
  written = { place: isRefused ? form.getAttribute("action") : "", text: form.elements.message.value };
  if (!detail.target.isConnected) detail.target = document.getElementById(detail.target.id);
});

document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  const form = here();
  if (!form || !(elt.contains(form) || form.contains(elt))) return;
  const field = form.elements.message;
  const { place, text } = written;
  if (place === form.getAttribute("action") && text.startsWith(field.value)) field.value = text;
  written.place = "";
  show(form);
  if (elt.matches("#composer, #conversation")) {
    elt.querySelector(":enabled[aria-invalid=true]:not([hidden])")?.focus();
  }
});

addEventListener("beforeunload", (event) => {
  if ([...trays.values()].some((tray) => tray.isSending)) event.preventDefault();
});

/* A place: what the link or the numbers mean, as inbox/places.py reads them. ------------------------ */

const N = "([+-]?\\d{1,3}(?:\\.\\d+)?)";
const COMMA = "([+-]?\\d{1,3}(?:,\\d+)?)";
const PLACES = [
  `!3d${N}!4d${N}`,
  `[?&](?:q|query|ll|sll|center|destination|daddr)=(?:loc:)?${N},[\\s+]*${N}`,
  `[?&]mlat=${N}&mlon=${N}`,
  `#map=\\d+(?:\\.\\d+)?/${N}/${N}`,
  `@${N},${N}`,
  `^geo:(?!0,0\\?)${N},${N}`,
  `^\\(?${N}(?:\\s*[,;]\\s*|\\s+)${N}\\)?$`,
  `^\\(?${COMMA}(?:\\s*;\\s*|,?\\s+)${COMMA}\\)?$`,
].map((form) => new RegExp(form));

function degrees(text, limit) {
  const written = text.trim().replace(/°$/, "").replace("\u2212", "-").replace(",", ".");
  if (!/^[+-]?\d{1,3}(\.\d{1,20})?$/.test(written) || Math.abs(written) > limit) return null;
  return String(Number(Number(written).toFixed(7)));
}

function pointOf(text) {
  let written = text.trim();
  try {
    written = decodeURIComponent(written);
  } catch {
    // A lone percent sign: as it is.
  }
  written = written.replaceAll("\u2212", "-").replaceAll("°", "");
  for (const form of PLACES) {
    const [, latitude, longitude] = form.exec(written) ?? [];
    if (latitude === undefined) continue;
    const point = [degrees(latitude, 90), degrees(longitude, 180)];
    if (!point.includes(null)) return point;
  }
  return null;
}

document.addEventListener("input", ({ target }) => {
  const form = composerOf(target);
  if (!form || !["location_link", "latitude", "longitude"].includes(target.name)) return;
  const { latitude, longitude } = form.elements;
  const pasted = target.name === "longitude" ? null : pointOf(target.value);
  if (pasted) [latitude.value, longitude.value] = pasted;
  showPoint(form);
});

function showPoint(form) {
  const { latitude, longitude } = form.elements;
  const point = [degrees(latitude.value, 90), degrees(longitude.value, 180)];
  const line = form.querySelector("[data-point]");
  line.hidden = point.includes(null);
  if (line.hidden) return;
  const [lat, lon] = point;
  line.querySelector("[data-point-text]").textContent = point.join(", ");
  line.querySelector("[data-point-link]").href =
    `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=17/${lat}/${lon}`;
}

if (here()) show(here());
