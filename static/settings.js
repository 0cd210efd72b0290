// Recalculates while somebody types. Without scripts the button "Recalculate" does the same.
const WAIT_MS = 300;
const form = document.getElementById("settings");
const outcome = document.getElementById("outcome");
let timer = 0;
let newest = 0;

async function recalculate() {
  const mine = ++newest;
  const reply = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const answer = page.getElementById("outcome");
  if (mine !== newest || !answer) return;
  const errors = page.querySelector(".error-summary ul");
  outcome.replaceChildren(...(errors ? [errors] : answer.childNodes));
  if (reply.redirected) history.replaceState(null, "", reply.url);
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => recalculate().catch(() => {}), WAIT_MS);
});
