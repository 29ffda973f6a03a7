/* form[data-keep]: what was typed comes back when sending it ended at the login or at a refusal.
   It is kept in this tab only, for each person apart. */

const place = (form) => `kept:${document.body.dataset.user}:${form.getAttribute("action").split("?")[0]}`;

document.addEventListener("htmx:beforeOnLoad", ({ target, detail }) => {
  if (!target.matches("form[data-keep]") || ![401, 403].includes(detail.xhr.status)) return;
  const typed = [...new FormData(target)].filter(
    ([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken",
  );
  sessionStorage.setItem(place(target), JSON.stringify(typed));
});

for (const form of document.querySelectorAll("form[data-keep]")) {
  const kept = sessionStorage.getItem(place(form));
  sessionStorage.removeItem(place(form));
  for (const [name, value] of JSON.parse(kept ?? "[]")) form.elements[name].value = value;
}
