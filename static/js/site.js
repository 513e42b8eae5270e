// On every page: errors get the focus, the small menu closes, scripts announce themselves.
import { startCountdowns } from "./countdown.js";

function focusErrors(root) {
  const summary = root.querySelector("[data-error-summary]");
  if (!summary) return;
  summary.focus();
  for (const link of summary.querySelectorAll('a[href^="#"]')) {
    link.addEventListener("click", (event) => {
      const control = document.getElementById(link.hash.slice(1));
      if (!control) return;
      event.preventDefault();
      control.scrollIntoView({ block: "center" });
      control.focus({ preventScroll: true });
    });
  }
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (event.type === "keydown") {
      if (event.key !== "Escape") continue;
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    } else if (menu.contains(event.target)) continue;
    menu.open = false;
  }
}

document.addEventListener("keydown", closeMenus);
document.addEventListener("click", closeMenus);
document.addEventListener("focusin", closeMenus);
document.body.addEventListener("htmx:load", (event) => {
  focusErrors(event.detail.elt);
  startCountdowns(event.detail.elt);
});
focusErrors(document);
startCountdowns(document);
