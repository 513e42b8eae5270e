// Turns <c-countdown> from a date into the time that is left, by the server's clock.
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const language = document.documentElement.lang || "en";
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

// Seconds that stand still would be wrong, so they are left out where they do not run.
function words(seconds) {
  const parts = [];
  let rest = standsStill(seconds) ? seconds - (seconds % 60) : seconds;
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0 || parts.length > 0 || unit === "second") parts.push([count, unit]);
  }
  return parts
    .slice(0, 2)
    .filter(([count], index) => index === 0 || count > 0)
    .map(([count, unit]) =>
      new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(count),
    )
    .join(" ");
}

function standsStill(seconds) {
  return calm.matches && seconds >= 60;
}

// As seldom as the words change, so that a page left open costs nothing.
function pause(seconds) {
  if (seconds > 2 * 86400) return 60;
  return seconds > 3600 || standsStill(seconds) ? 5 : 1;
}

function start(element) {
  if (element.dataset.started) return;
  element.dataset.started = "true";
  const left = element.querySelector(".countdown-left");
  const end = Date.parse(element.querySelector("time").dateTime);
  const ahead = Date.parse(element.dataset.now) - Date.now();

  function tick() {
    if (!element.isConnected) return;
    const seconds = Math.ceil((end - Date.now() - ahead) / 1000);
    left.hidden = false;
    if (seconds > 0) {
      left.textContent = element.dataset.left.replace("{time}", words(seconds));
      window.setTimeout(tick, pause(seconds) * 1000);
      return;
    }
    left.hidden = true;
    element.classList.add("countdown-over");
    element.querySelector("[data-countdown-end]").classList.remove("sr-only");
    element.querySelector("[data-countdown-end]").textContent = element.dataset.ended;
    element.dispatchEvent(new CustomEvent("countdown:ended", { bubbles: true }));
  }
  tick();
}

/** Start every countdown at or below `root`, once each. */
export function startCountdowns(root) {
  if (root.matches?.("[data-countdown]")) start(root);
  for (const element of root.querySelectorAll("[data-countdown]")) start(element);
}
