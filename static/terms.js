// Meanings of terms: shown by style alone on hover and focus. Here: Escape closes one, and a tap shows it before it leads away.
const closed = "closed", tapped = "tapped";

function close(term) {
  term.classList.remove(tapped);
  term.classList.add(closed);
}

for (const term of document.querySelectorAll("a.term")) {
  let touch = false;
  term.addEventListener("pointerdown", event => { touch = event.pointerType !== "mouse"; });
  term.addEventListener("click", event => {
    if (!touch || term.classList.contains(tapped)) return;
    event.preventDefault();
    document.querySelectorAll(`a.term.${tapped}`).forEach(close);
    term.classList.remove(closed);
    term.classList.add(tapped);
  });
  for (const left of ["blur", "pointerleave"]) term.addEventListener(left, () => { if (!touch) term.classList.remove(closed); });
}

document.addEventListener("keydown", event => {
  if (event.key === "Escape") document.querySelectorAll("a.term:hover, a.term:focus, a.term.tapped").forEach(close);
});
document.addEventListener("click", event => {
  if (!event.target.closest?.("a.term")) document.querySelectorAll(`a.term.${tapped}`).forEach(close);
});
