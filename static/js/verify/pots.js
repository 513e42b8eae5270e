// Looks at the pots of a bundle: each is there, and counted again as it was opened.

import { count, parametersOf } from "./count.js";
import { canonical, digest, hmac } from "./hashes.js";
import { differences } from "./pabulib.js";
import { rows } from "./rows.js";

const LEAST_BALLOTS = 30;

// That no pot was left out or slipped in, nor a file; `names` are those in the bundle.
export async function lookAtPots(record, names, checks, same) {
  const inOrder = (ids) => [...ids].sort((a, b) => a - b).join(", ");
  const opened = inOrder(record.rules.pots.map(([id]) => id));
  same("the pots are those that were opened, each once", opened, inOrder(record.pots.map(({ id }) => id)));
  await lookAtOptions(record, checks, same);
  const known = new Set(["bundle.json", "board.csv"]);
  for (const pot of record.pots.filter((each) => each.published_ballots)) {
    known.add(`pots/${pot.id}.csv`).add(`pots/${pot.id}.pb`);
  }
  const more = names.filter((name) => !known.has(name)).join(", ");
  checks.push({ name: "nothing else is in the file", holds: !more, found: more || "nothing" });
  // Whoever's ballot counts said something of one pot at least, but for pots void on paper.
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
  const empty = record.paper ? sum(Object.values(record.paper.void_pots)) : 0;
  const ballots = sum(record.pots.map((pot) => pot.ballots));
  checks.push({
    name: "pots have at least as many ballots as were counted",
    holds: ballots + empty >= record.counted,
    found: String(ballots),
  });
}

// That options, costs, names and groups are those that stood on the ballots.
async function lookAtOptions({ board, pots }, checks, same) {
  const name = "options, costs and groups are those that voting began with";
  if (!board.options) {
    const found = "voting began before the board held them";
    checks.push({ name, holds: false, unlooked: true, found });
    return;
  }
  const onBallots = [...pots].sort((a, b) => a.id - b.id).map((pot) => [
    pot.id, pot.name, pot.amount_minor,
    pot.options.map((each) => [each.id, each.cost_minor, each.name, each.group]),
  ]);
  same(name, board.options.sha256, await digest(onBallots));
}

export async function lookAtPot(record, pot, files, checks, same) {
  const { name } = pot;
  const { rules } = record;
  const ruled = rules.pots.find((each) => each[0] === pot.id);
  same(`${name}: the money is what was opened`, ruled[2], pot.amount_minor);
  same(`${name}: ballots are of the kind that was opened`, rules.ballot_kind, pot.kind);
  if (rules.increment_minor !== undefined) {
    same(`${name}: shares are raised as was opened`, rules.increment_minor, pot.increment_minor);
  }
  same(`${name}: rule`, rules.rule, pot.outcome.rule);
  const sheets = record.paper ? record.paper.sheets : 0;
  const left = record.board.size - record.board.superseded + sheets;
  checks.push({
    name: `${name}: no more ballots than were left`,
    holds: pot.ballots <= left,
    found: String(left),
  });
  if (pot.published_ballots) {
    await lookAtBallots(record, pot, ruled, files, checks, same);
  } else if (pot.ballots < LEAST_BALLOTS) {
    lookAtWinners(pot, checks);
    const found = `${pot.ballots} ballots, too few to publish: only observers can count them`;
    checks.push({ name: `${name}: who won`, holds: false, unlooked: true, found });
  } else {
    const published = `${name}: ballots are published where there are enough`;
    checks.push({ name: published, holds: false, found: String(pot.ballots) });
  }
}

// All that can be told of winners whom nobody can count again.
function lookAtWinners({ name, options, outcome, amount_minor: amount }, checks) {
  const won = options.filter((each) => outcome.selected.includes(each.id));
  const groups = won.map((each) => each.group).filter(Boolean);
  const cost = won.reduce((sum, each) => sum + BigInt(each.cost_minor), 0n);
  checks.push({
    name: `${name}: winners are on the ballot, one of a group, and there is money for all`,
    holds: won.length === outcome.selected.length && new Set(groups).size === groups.length
      && cost <= BigInt(amount),
    found: outcome.selected.join(", "),
  });
}

async function lookAtBallots(record, pot, ruled, files, checks, same) {
  const { name, outcome } = pot;
  const { rules } = record;
  const election = electionOf(rules, pot, files.get(`pots/${pot.id}.csv`));
  const cast = election.ballots.reduce((sum, ballot) => sum + ballot.times, 0);
  same(`${name}: ballots`, pot.ballots, cast);
  const fault = faultOf(election, ruled);
  checks.push({ name: `${name}: every ballot keeps to the limits`, holds: !fault, found: fault || "all" });
  const parameters = parametersOf(rules.rule, rules.rule_parameters, election.increment);
  same(`${name}: parameters`, canonical(outcome.parameters), canonical(parameters));
  const ties = await tieOrder(record, election.options);
  const won = count(rules.rule, parameters, election, ties);
  const named = won.map((option) => election.options[option].id);
  // Of options that are tied and all fit, nobody says which wins first.
  const inOrder = (ids) => [...ids].sort().join(", ");
  same(`${name}: counted again, winners`, inOrder(outcome.selected), inOrder(named));
  const text = files.get(`pots/${pot.id}.pb`);
  if (text === undefined) return;
  const wrong = differences(text, election, outcome.selected).join(", ");
  checks.push({ name: `${name}: the .pb file says the same`, holds: !wrong, found: wrong || "all" });
}

function electionOf(rules, pot, text) {
  const numbers = (words) => words.split(" ").filter(Boolean).map(Number);
  return {
    kind: rules.ballot_kind,
    budget: BigInt(pot.amount_minor),
    increment: rules.increment_minor === undefined ? pot.increment_minor : rules.increment_minor,
    options: pot.options.map((each) => ({
      id: each.id, name: each.name, cost: BigInt(each.cost_minor), group: each.group,
    })),
    ballots: rows(text, "times,options,points").map(([times, options, points]) => ({
      times: Number(times),
      options: numbers(options),
      points: points ? numbers(points) : null,
    })),
  };
}

// The first line of the ballots that breaks a rule, and why; nothing where none does.
function faultOf(election, [, , amount, least, most, leastPoints, mostPoints, sumPoints]) {
  const { kind, options } = election;
  const hasPoints = kind === "cumulative" || kind === "scoring";
  const whole = (numbers) => numbers.every((each) => Number.isSafeInteger(each) && each >= 0);
  const why = ({ times, options: chosen, points }) => {
    if (!Number.isSafeInteger(times) || times < 1) return "a line stands for at least one ballot";
    if (!whole(chosen) || chosen.some((each) => each >= options.length)) return "unknown option";
    if (new Set(chosen).size !== chosen.length) return "repeated option";
    if (chosen.length < least) return "too few choices";
    if (chosen.length > (kind === "choose_one" ? 1 : most ?? Infinity)) return "too many choices";
    const cost = chosen.reduce((sum, each) => sum + options[each].cost, 0n);
    if (kind === "knapsack" && cost > BigInt(amount)) return "over budget";
    if (!hasPoints) return points ? "points not wanted" : "";
    const given = points || [];
    if (given.length !== chosen.length || !whole(given)) return "points missing";
    if (given.some((each) => each < leastPoints)) return "points too low";
    if (given.some((each) => each > (mostPoints ?? sumPoints ?? 2 ** 31 - 1))) return "points too high";
    const sum = given.reduce((all, each) => all + each, 0);
    return sum > (sumPoints ?? Infinity) ? "too many points" : "";
  };
  for (const [line, ballot] of election.ballots.entries()) {
    const fault = why(ballot);
    if (fault) return `line ${line + 1}: ${fault}`;
  }
  return "";
}

// The place of each option in the order that breaks ties.
async function tieOrder(record, options) {
  const lots = [];
  for (const [place, option] of options.entries()) {
    const lot = record.rules.ties === "lexicographic" ? option.id : await hmac(record.tie_seed, option.id);
    lots.push([lot, place]);
  }
  lots.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return new Map(lots.map(([, place], order) => [place, order]));
}
