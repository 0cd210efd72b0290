// Says that something is under way which takes a while, and keeps it from being asked for twice. Nothing needs it.
for (const one of document.querySelectorAll("[data-busy]")) {
  const told = document.createElement("span");
  told.className = "soft";
  told.setAttribute("role", "status");
  one.after(" ", told);
  const form = one.closest("form");
  (form ?? one).addEventListener(form ? "submit" : "click", (event) => {
    if (told.textContent) return event.preventDefault();
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) told.textContent = one.dataset.busy;
  });
  window.addEventListener("pageshow", () => told.replaceChildren());
}
