// Shows the public page while somebody types. Without scripts the button "Preview" does the same.
const WAIT_MS = 600;
const form = document.getElementById("entry");
const shown = document.getElementById("preview");
let timer = 0;
let newest = 0;

async function preview() {
  const mine = ++newest;
  const fields = new URLSearchParams(new FormData(form));
  fields.set("do", "preview");
  shown.setAttribute("aria-busy", "true");
  const reply = await fetch(form.action, { method: "POST", body: fields, headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const found = page.getElementById("preview");
  if (mine !== newest || !found) return;
  const errors = page.querySelector(".error-summary ul");
  shown.replaceChildren(...(errors ? [errors] : found.childNodes));
  shown.removeAttribute("aria-busy");
}

form.addEventListener("input", (event) => {
  if (event.target.name.startsWith("try_") || event.target.name === "why") return;
  clearTimeout(timer);
  timer = setTimeout(() => preview().catch(() => shown.removeAttribute("aria-busy")), WAIT_MS);
});
