// Says, while a ballot is filled in, what is chosen, given or ranked, and what of it is too much. The
// server checks all of it again, and the page works without this. Nothing that is chosen is sent
// before casting; where the page says so, this browser keeps it until then.
import { emptyBallot, keepDraft } from "./ballot-draft.js";
import { prepareRanks } from "./ballot-ranks.js";

function formatter(currency) {
  const language = document.documentElement.lang || "en";
  const plain = new Intl.NumberFormat(language, { style: "currency", currency });
  const digits = plain.resolvedOptions().maximumFractionDigits;
  const whole = new Intl.NumberFormat(language, { style: "currency", currency, maximumFractionDigits: 0 });
  return (minor) => (minor % 10 ** digits === 0 ? whole : plain).format(minor / 10 ** digits);
}

function fill(words, values) {
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// What a field says: nothing where it is empty, and nothing that is no whole number.
function given(field) {
  return /^\d+$/.test(field.value.trim()) ? Number(field.value) : 0;
}

// How many options are named, what they cost together, and the points given to them.
function chosenIn(pot, kind) {
  if (kind === "ranking") {
    const ranked = [...pot.querySelectorAll("[data-ranks] select")].filter((select) => select.value);
    return { count: ranked.length, cost: 0, points: 0 };
  }
  const fields = [...pot.querySelectorAll("input[data-cost], select[data-cost]")];
  const scored = kind === "scoring";
  const named = fields.filter((field) =>
    "given" in field.dataset ? (scored ? field.value.trim() !== "" : given(field) > 0) : field.checked,
  );
  return {
    count: named.length,
    cost: named.reduce((sum, field) => sum + Number(field.dataset.cost), 0),
    points: named.reduce((sum, field) => sum + ("given" in field.dataset ? given(field) : 0), 0),
  };
}

function pointsTold(pot, words, points) {
  const all = Number(pot.dataset.points);
  const values = { given: points, points: all, left: all - points, over: points - all };
  return { words: fill(points > all ? words.wordsPointsOver : words.wordsPoints, values), over: points > all };
}

function moneyTold(pot, kind, words, now, money) {
  const left = Number(pot.dataset.amount) - now.cost;
  const parts = [fill(words.wordsChosen, { chosen: now.count, cost: money(now.cost) })];
  const over = kind === "knapsack" && left < 0;
  if (kind === "knapsack") {
    parts.push(over ? fill(words.wordsOver, { over: money(-left) }) : fill(words.wordsLeft, { left: money(left) }));
  }
  return { words: parts.join(" "), over };
}

function told(pot, kind, money) {
  const now = chosenIn(pot, kind);
  const words = pot.querySelector("[data-running]").dataset;
  const most = pot.dataset.most ? Number(pot.dataset.most) : Infinity;
  let line;
  if (kind === "cumulative") line = pointsTold(pot, words, now.points);
  else if (kind === "scoring") line = { words: fill(words.wordsScored, { chosen: now.count }), over: false };
  else if (kind === "ranking") line = { words: fill(words.wordsRanked, { chosen: now.count }), over: false };
  else line = moneyTold(pot, kind, words, now, money);
  const tooMany = now.count > most;
  const sentence = tooMany ? `${line.words} ${fill(words.wordsMost, { most })}` : line.words;
  return { sentence, refused: line.over || tooMany, some: now.count > 0 };
}

// Buttons for one point more and one less, beside a field that can also be typed into.
function addSteps(field) {
  const step = (label, sign, by) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ballot-step";
    button.textContent = sign;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => {
      const next = Math.min(Math.max(given(field) + by, 0), Number(field.dataset.forOne));
      field.value = next === 0 ? "" : String(next);
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
    return button;
  };
  field.before(step(field.dataset.wordsLess, "\u2212", -1));
  field.after(step(field.dataset.wordsMore, "+", 1));
}

function watch(pot, kind, money) {
  const line = pot.querySelector("[data-running]");
  const say = () => {
    const now = told(pot, kind, money);
    line.hidden = !now.some;
    line.textContent = now.sentence;
    line.classList.toggle("ballot-running-refused", now.refused);
  };
  if (!pot.disabled && kind === "cumulative") pot.querySelectorAll("input[data-given]").forEach(addSteps);
  const renew = !pot.disabled && kind === "ranking" ? prepareRanks(pot) : () => {};
  pot.addEventListener("change", say);
  pot.addEventListener("input", say);
  say();
  return () => {
    renew();
    say();
  };
}

const ballot = document.querySelector("[data-ballot]");
if (ballot) {
  const money = formatter(ballot.dataset.currency);
  const pots = [...ballot.querySelectorAll("[data-pot]")];
  const renewed = pots.map((pot) => watch(pot, ballot.dataset.kind, money));
  const renew = () => renewed.forEach((each) => each());
  // Back and forward must not show a ballot that somebody else filled in on this machine.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      emptyBallot(ballot);
      renew();
    }
  });
  keepDraft(ballot, renew);
}
