// Keeps [data-live] fresh: the page is fetched again and the part exchanged when it changed.
// Enter sends what is written as the customer, as on a phone; with Shift it begins a line.
const live = document.querySelector("[data-live]");

function toBottom() {
  if (live?.dataset.live === "chat") live.scrollTop = live.scrollHeight;
}

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-live]");
  if (!fresh || fresh.innerHTML === live.innerHTML) return;
  const atBottom = live.scrollHeight - live.scrollTop - live.clientHeight < 40;
  live.replaceChildren(...fresh.childNodes);
  if (atBottom) toBottom();
}

if (live) {
  toBottom();
  setInterval(refresh, 2000);
}

document.querySelector(".reply textarea")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});
