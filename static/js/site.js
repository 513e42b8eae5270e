// On every page: errors get the focus, the small menu closes, what is sent is sent once.
import { startCountdowns } from "./countdown.js";
import { startDrafts } from "./drafts.js";

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

// A second click within five seconds sends nothing: nothing is said, or made, twice. A form
// whose answer is a file leaves its page where it is: it may be sent again after a while.
// Its buttons say so with aria-disabled: a button that is disabled loses the focus, and its value.
const SENDING_MS = 5000;
const SENDS = 'button:not([type]), button[type="submit"]';

function buttonsOf(form) {
  return [...form.elements].filter((each) => each.matches(SENDS));
}

function markSent(form, submitter) {
  form.setAttribute("data-sent", "");
  form.setAttribute("aria-busy", "true");
  submitter?.setAttribute("aria-busy", "true");
  for (const button of buttonsOf(form)) button.setAttribute("aria-disabled", "true");
}

function markReady(form) {
  form.removeAttribute("data-sent");
  form.removeAttribute("aria-busy");
  for (const button of buttonsOf(form)) {
    button.removeAttribute("aria-busy");
    button.removeAttribute("aria-disabled");
  }
}

function sendOnce(event) {
  const form = event.target;
  const stays = form.hasAttribute("target") || event.submitter?.hasAttribute("formtarget");
  if (event.defaultPrevented || form.getAttribute("method") !== "post" || stays) return;
  if (form.hasAttribute("data-sent")) {
    event.preventDefault();
    return;
  }
  markSent(form, event.submitter);
  setTimeout(markReady, SENDING_MS, form);
}

// Whoever comes back by the browser's button finds the page as it was, and may send it again.
function allowAgain() {
  for (const form of document.querySelectorAll("form[data-sent]")) markReady(form);
}

document.addEventListener("submit", sendOnce);
window.addEventListener("pageshow", allowAgain);
document.addEventListener("keydown", closeMenus);
document.addEventListener("click", closeMenus);
document.addEventListener("focusin", closeMenus);
document.body.addEventListener("htmx:load", (event) => {
  focusErrors(event.detail.elt);
  startCountdowns(event.detail.elt);
});
focusErrors(document);
startCountdowns(document);
startDrafts();
