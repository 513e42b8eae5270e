// Beside a form: how what is typed would look. The server draws it, and keeps nothing of it.
const PAUSE_MS = 700; // of typing, before it is asked
const LATER_MS = 15_000; // after it said that this was too often
const TOO_OFTEN = 429;

function start(pane) {
  const form = document.getElementById(pane.dataset.previewOf);
  const shown = pane.querySelector("[data-preview-shown]");
  const status = pane.querySelector("[data-preview-status]");
  let timer = null;
  let asking = null;
  let drawn = null;
  let latest = null;

  function say(words) {
    if (status.textContent !== words) status.textContent = words;
  }

  // What somebody is reading by keyboard is not taken from under them.
  function show() {
    if (latest === drawn || shown.contains(document.activeElement)) return;
    shown.innerHTML = latest;
    drawn = latest;
    // A link in it leads away from what is typed and not saved.
    for (const link of shown.querySelectorAll('a[href]:not([href^="#"])')) link.target = "_blank";
  }

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    pane.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(pane.dataset.previewUrl, { method: "POST", body: new FormData(form), signal });
      if (answer.status === TOO_OFTEN) {
        say(status.dataset.busy);
        askIn(LATER_MS);
      } else if (answer.ok && !answer.redirected) {
        latest = await answer.text();
        say("");
        show();
      } else say(status.dataset.failed);
    } catch {
      if (!signal.aborted) say(status.dataset.failed);
    }
    if (!signal.aborted) pane.removeAttribute("aria-busy");
  }

  function askIn(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(ask, milliseconds);
  }

  pane.querySelector("[data-preview-button]").hidden = true;
  pane.querySelector("[data-preview-alive]").hidden = false;
  form.addEventListener("input", () => askIn(PAUSE_MS));
  form.addEventListener("change", () => askIn(PAUSE_MS));
  shown.addEventListener("focusout", () => setTimeout(show));
  askIn(0);
}

document.querySelectorAll("[data-preview-of]").forEach(start);
