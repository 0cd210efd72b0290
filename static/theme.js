// Changes the colours where somebody stands, so that nothing typed is lost. Without scripts the form does the same by a new page.
const form = document.querySelector(".themes");

form?.addEventListener("submit", event => {
  event.preventDefault();
  const theme = event.submitter.value;
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", button === event.submitter);
  const lasts_s = theme === "system" ? 0 : 365 * 24 * 60 * 60;
  document.cookie = `theme=${theme}; path=/; max-age=${lasts_s}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
});
