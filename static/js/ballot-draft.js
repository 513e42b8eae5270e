// Keeps what is filled in on a ballot, in this browser alone, until it is cast or forgotten.
import { DEVICE, TAB, placeOf } from "./drafts.js";

const FIELDS = "[data-pot] input[name], [data-pot] select[name]";

function ticks(field) {
  return field.type === "checkbox" || field.type === "radio";
}

export function emptyBallot(ballot) {
  for (const field of ballot.querySelectorAll(FIELDS)) {
    if (ticks(field)) field.checked = false;
    else field.value = "";
  }
}

// Ranks share a name, and so fields are kept as a list, in the order of the page.
function filledIn(ballot) {
  return [...ballot.querySelectorAll(FIELDS)]
    .filter((field) => (ticks(field) ? field.checked : field.value.trim() !== ""))
    .map((field) => [field.name, field.value]);
}

function fillIn(ballot, fields) {
  const left = fields.map(([name, value]) => ({ name, value }));
  for (const field of ballot.querySelectorAll(FIELDS)) {
    const at = left.findIndex(({ name, value }) => name === field.name && (!ticks(field) || value === field.value));
    if (ticks(field)) field.checked = at >= 0;
    else field.value = at >= 0 ? left[at].value : "";
    if (at >= 0) left.splice(at, 1);
  }
}

// The day and the time as the town's clock showed them.
function told(words, at, timeZone) {
  const language = document.documentElement.lang || "en";
  const shape = { timeZone, day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const parts = new Intl.DateTimeFormat(language, shape).formatToParts(at);
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return words.replace("{day}", `${part.day} ${part.month}`).replace("{time}", `${part.hour}:${part.minute}`);
}

// Whether the browser's buttons led back here: then nothing is filled in unasked.
function cameBack() {
  const [navigation] = performance.getEntriesByType("navigation");
  const again = window.history.state?.cameBack;
  if (again) window.history.replaceState(null, "");
  return again || navigation?.type === "back_forward";
}

export function keepDraft(ballot, renew) {
  const { draft: owner, draftFor: madeFor, draftUntil, draftIn } = ballot.dataset;
  const place = owner ? placeOf(owner, draftIn === "tab" ? TAB : DEVICE) : null;
  if (!place) return;
  const line = document.querySelector("[data-draft-line]");
  const [words] = line.getElementsByTagName("p");
  const again = line.querySelector("[data-draft-fill]");
  const forget = line.querySelector("[data-draft-forget]");
  const until = Number(draftUntil);
  let keeping = true;

  function say(sentence, { kept = false, offered = false } = {}) {
    if (words.textContent !== sentence) words.textContent = sentence;
    forget.classList.toggle("ballot-draft-idle", !kept);
    again.hidden = !offered;
    line.hidden = false;
  }

  function empty() {
    emptyBallot(ballot);
    renew();
  }

  function save() {
    if (!keeping) return;
    const fields = filledIn(ballot);
    keeping = place.write({ for: madeFor, until, at: Date.now(), fields });
    if (keeping) say(line.dataset.wordsKeeps, { kept: fields.length > 0 });
    else {
      place.forget();
      say(line.dataset.wordsNot);
    }
  }

  function restore(draft, offered) {
    if (!offered) fillIn(ballot, draft.fields);
    if (!offered) renew();
    const sentence = told(line.dataset.wordsKept, draft.at, ballot.dataset.timeZone);
    say(offered ? `${sentence} ${line.dataset.wordsBack}` : sentence, { kept: true, offered });
  }

  function begin() {
    if (draftIn === "tab") place.forgetOthers();
    const draft = place.read();
    const back = cameBack();
    // A ballot that was refused comes back as it was filled in.
    if ("draftFilled" in ballot.dataset) return save();
    if (draft && draft.for !== madeFor) place.forget();
    if (draft?.fields.length && draft.for !== madeFor) say(line.dataset.wordsOther);
    else if (draft?.fields.length && Date.now() < until) restore(draft, back);
    else if (filledIn(ballot).length) save();
    else say(line.dataset.wordsKeeps);
  }

  ballot.addEventListener("change", save);
  ballot.addEventListener("input", save);
  again.addEventListener("click", () => {
    const draft = place.read();
    if (draft) restore(draft, false);
    ballot.querySelector("[data-pot]").focus();
  });
  forget.addEventListener("click", () => {
    place.forget();
    empty();
    say(line.dataset.wordsForgotten);
    ballot.querySelector("[data-pot]").focus();
  });
  // Cast, forgotten or signed out in another tab: then this one has nothing of it either.
  window.addEventListener("storage", (event) => {
    if (event.key !== null && (event.key !== place.key || event.newValue !== null)) return;
    keeping = false;
    empty();
    say(line.dataset.wordsForgotten);
  });
  // A page that the browser held back may be another voter's by now: the server says whose it is.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    keeping = false;
    empty();
    window.history.replaceState({ cameBack: true }, "", window.location.href);
    window.location.reload();
  });
  begin();
}
