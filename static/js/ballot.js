// Says, while a ballot is filled in, what is chosen and what it costs. The server checks all of it
// again, and the page works without this. Nothing that is chosen is kept or sent before casting.

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

function told(pot, kind, boxes, money) {
  const chosen = boxes.filter((box) => box.checked);
  const cost = chosen.reduce((sum, box) => sum + Number(box.dataset.cost), 0);
  const left = Number(pot.dataset.amount) - cost;
  const most = pot.dataset.most ? Number(pot.dataset.most) : Infinity;
  const over = kind === "knapsack" && left < 0;
  const words = pot.querySelector("[data-running]").dataset;
  const parts = [fill(words.wordsChosen, { chosen: chosen.length, cost: money(cost) })];
  if (kind === "knapsack") {
    parts.push(over ? fill(words.wordsOver, { over: money(-left) }) : fill(words.wordsLeft, { left: money(left) }));
  }
  if (chosen.length > most) {
    parts.push(fill(words.wordsMost, { most }));
  }
  return { sentence: parts.join(" "), refused: over || chosen.length > most, some: chosen.length > 0 };
}

function watch(pot, kind, money) {
  const boxes = [...pot.querySelectorAll("input[data-cost]")];
  const line = pot.querySelector("[data-running]");
  const say = () => {
    const now = told(pot, kind, boxes, money);
    line.hidden = !now.some;
    line.textContent = now.sentence;
    line.classList.toggle("ballot-running-refused", now.refused);
  };
  pot.addEventListener("change", say);
  say();
  return say;
}

const ballot = document.querySelector("[data-ballot]");
if (ballot) {
  const money = formatter(ballot.dataset.currency);
  const pots = [...ballot.querySelectorAll("[data-pot]")];
  const said = pots.map((pot) => watch(pot, ballot.dataset.kind, money));
  // Back and forward must not show a ballot that somebody else filled in on this machine.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      ballot.reset();
      said.forEach((say) => say());
    }
  });
}
