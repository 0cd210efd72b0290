// A slider beside the box of hours, and the comparison that follows it. Without scripts the box and its button do the same.
const WAIT_MS = 250;
let newest = 0;

function equip(section) {
  const form = section?.querySelector(".hours-form");
  if (!form) return;
  const box = form.querySelector("input[type=text]");
  const slider = Object.assign(document.createElement("input"), { type: "range", min: 1, max: 730, step: 1, value: parseFloat(box.value) || 1 });
  slider.setAttribute("aria-label", form.dataset.slider);
  box.closest(".row").before(slider);
  let timer = 0;
  const later = () => {
    newest++; // what is still on its way is out of date
    clearTimeout(timer);
    timer = setTimeout(() => refresh(form).catch(() => form.submit()), WAIT_MS);
  };
  slider.addEventListener("input", () => { box.value = slider.value; later(); });
  form.addEventListener("submit", event => { event.preventDefault(); clearTimeout(timer); refresh(form).catch(() => form.submit()); });
}

const STOPS = "a, button, input, select, summary, [tabindex]";

async function refresh(form) {
  const mine = ++newest;
  const address = `${form.getAttribute("action").split("#")[0]}?${new URLSearchParams(new FormData(form))}`;
  const reply = await fetch(address, { headers: { accept: "text/html" } });
  if (!reply.ok) throw new Error(reply.statusText);
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const fresh = page.getElementById("rent")?.closest("section");
  const old = document.getElementById("rent")?.closest("section");
  if (mine !== newest || !fresh || !old) return;
  const stop = [...old.querySelectorAll(STOPS)].indexOf(document.activeElement); // -1: somebody has gone on and is left alone
  const open = [...old.querySelectorAll("details")].map(one => one.open);
  old.replaceWith(fresh);
  equip(fresh);
  fresh.querySelectorAll("details").forEach((one, n) => { one.open = open[n] ?? one.open; });
  fresh.querySelectorAll(STOPS)[stop]?.focus({ preventScroll: true });
  const told = fresh.querySelector(".rent-told");
  if (told) { told.setAttribute("role", "status"); told.append(" "); }
  history.replaceState(null, "", address);
}

equip(document.getElementById("rent")?.closest("section"));
