// A kiosk: what is open ends after a while without a touch or a key, with a warning before it. The
// server ends it as well, later, and keeps nothing of what was chosen; nor does this.
import { DEVICE, TAB, forgetDrafts } from "./drafts.js";

const kiosk = document.querySelector("[data-kiosk]");
const WARN_SECONDS = 30;

// Going back must not show what somebody else filled in, nor send it again: this makes every entry
// of the history one that is asked for anew, and the server says what is open now.
window.history.replaceState(null, "", window.location.href);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

// What was kept here before the device became a kiosk goes.
forgetDrafts(DEVICE, TAB);

function watchIdling() {
  const seconds = Number(kiosk.dataset.idleSeconds);
  const left = kiosk.querySelector("[data-idle-left]");
  const box = kiosk.querySelector("[data-idle]");
  const said = kiosk.querySelector("[data-idle-alert]");
  const leave = kiosk.querySelector("[data-leave]");
  let ends = 0;
  let over = false;

  function more() {
    if (over) return;
    ends = Date.now() + seconds * 1000;
    warn(false);
    tick();
  }

  function warn(now) {
    box.classList.toggle("kiosk-time-warning", now);
    said.textContent = now ? said.dataset.words : "";
  }

  function end() {
    if (over) return;
    over = true;
    document.querySelector("[data-ballot]")?.reset();
    leave.submit();
  }

  function tick() {
    if (over) return;
    const rest = Math.ceil((ends - Date.now()) / 1000);
    left.textContent = kiosk.dataset.idleWords.replace("{left}", Math.max(rest, 0));
    if (rest <= 0) end();
    else if (rest <= WARN_SECONDS && !said.textContent) warn(true);
  }

  for (const kind of ["pointerdown", "pointermove", "keydown", "input", "wheel", "touchstart"]) {
    document.addEventListener(kind, more, { passive: true });
  }
  kiosk.querySelector("[data-idle-more]").addEventListener("click", more);
  // Nothing ends while a ballot that was cast is on its way.
  document.addEventListener("submit", () => {
    over = true;
  });
  document.addEventListener("countdown:ended", (event) => {
    if (event.target.closest("[data-unlock-until]")) end();
  });
  box.hidden = false;
  more();
  window.setInterval(tick, 1000);
}

const print = kiosk?.querySelector("[data-print]");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
if (kiosk?.dataset.idleSeconds) watchIdling();
