// Counts an election again. Written from the published rules (docs/voting.md) and sharing nothing
// with the program that counted it: whole numbers and fractions of BigInt, no rounding anywhere.

const big = BigInt;

// What a ballot is worth to each option it names: [option, utility] pairs.
function utilities(kind, parameters, options, ballot) {
  if (kind === "ranking") {
    const listed = ballot.options.length;
    return ballot.options.map((option, place) => [
      option,
      big(parameters.borda === "options" ? options.length - place : listed - place - 1),
    ]);
  }
  return ballot.options.map((option, at) => [option, ballot.points ? big(ballot.points[at]) : 1n]);
}

function scoresOf(election, parameters) {
  const votes = election.options.map(() => 0);
  const totals = election.options.map(() => 0n);
  const supporters = election.options.map(() => []);
  election.ballots.forEach((ballot, row) => {
    for (const [option, worth] of utilities(election.kind, parameters, election.options, ballot)) {
      if (worth === 0n) continue;
      votes[option] += ballot.times;
      totals[option] += worth * big(ballot.times);
      supporters[option].push([row, worth]);
    }
  });
  return { votes, totals, supporters };
}

function takenGroups(election, won) {
  return new Set(won.map((option) => election.options[option].group).filter((group) => group));
}

function spent(election, won) {
  return won.reduce((sum, option) => sum + election.options[option].cost, 0n);
}

// Down the ranking; what is tied goes by the published order of ties.
function greedy(election, scores, ties, { perCost, stop, threshold }, won) {
  const free = election.options.map((_, option) => option).filter((option) => !won.includes(option));
  const cost = (option) => election.options[option].cost;
  const ratioFirst = (option) => perCost && cost(option) === 0n && scores.totals[option] > 0n;
  free.sort((a, b) => {
    if (ratioFirst(a) !== ratioFirst(b)) return ratioFirst(a) ? -1 : 1;
    if (ratioFirst(a)) return ties.get(a) - ties.get(b);
    const left = perCost ? scores.totals[a] * (cost(b) || 1n) : scores.totals[a];
    const right = perCost ? scores.totals[b] * (cost(a) || 1n) : scores.totals[b];
    if (left !== right) return left > right ? -1 : 1;
    return ties.get(a) - ties.get(b);
  });
  const bought = [...won];
  let left = election.budget - spent(election, won);
  for (const option of free) {
    if (scores.totals[option] < big(threshold)) continue;
    const group = election.options[option].group;
    if (group && takenGroups(election, bought).has(group)) continue;
    if (cost(option) > left) {
      if (stop) break;
      continue;
    }
    bought.push(option);
    left -= cost(option);
  }
  return bought;
}

// The price of an option per unit of utility, [numerator, denominator] over the common `scale`, or
// nothing where its supporters cannot pay for it together.
function priceOf(supporters, money, times, cost, scale) {
  let owed = cost * scale;
  let worth = 0n;
  let together = 0n;
  for (const [row, utility] of supporters) {
    worth += utility * times[row];
    together += money[row] * times[row];
  }
  if (together < owed) return null;
  const poorestFirst = [...supporters].sort(([a, u], [b, v]) => {
    const difference = money[a] * v - money[b] * u;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  });
  for (const [row, utility] of poorestFirst) {
    if (money[row] * worth >= owed * utility) return [owed, worth];
    owed -= money[row] * times[row];
    worth -= utility * times[row];
  }
  return null;
}

// One run of equal shares: who wins, in their order, when everybody has `numerator / scale`.
function shares(election, scores, ties, parameters, costUtility, numerator, denominator, already) {
  const times = election.ballots.map((ballot) => big(ballot.times));
  let scale = denominator;
  let money = election.ballots.map(() => numerator);
  const won = [];
  const taken = takenGroups(election, already);
  let open = election.options
    .map((_, option) => option)
    .filter(
      (option) =>
        election.options[option].cost > 0n &&
        scores.votes[option] >= Math.max(parameters.minimum_support || 0, 1) &&
        !taken.has(election.options[option].group),
    );
  for (;;) {
    let best = null;
    for (const option of [...open]) {
      const cost = election.options[option].cost;
      const price = priceOf(scores.supporters[option], money, times, cost, scale);
      if (!price) {
        open = open.filter((other) => other !== option); // money only falls
        continue;
      }
      const perUtility = costUtility ? [price[0], price[1] * cost] : price;
      const order = best ? perUtility[0] * best.per[1] - best.per[0] * perUtility[1] : -1n;
      if (!best || order < 0n || (order === 0n && ties.get(option) < ties.get(best.option))) {
        best = { option, price, per: perUtility };
      }
    }
    if (!best) return won;
    const [owed, worth] = best.price;
    const pays = new Map(scores.supporters[best.option]);
    money = money.map((held, row) => {
      const whole = held * worth;
      if (!pays.has(row)) return whole;
      const due = owed * pays.get(row);
      return due < whole ? whole - due : 0n;
    });
    scale *= worth;
    ({ money, scale } = reduced(money, scale));
    won.push(best.option);
    const group = election.options[best.option].group;
    open = open.filter(
      (other) => other !== best.option && !(group && election.options[other].group === group),
    );
  }
}

function reduced(money, scale) {
  let common = scale;
  for (const held of money) {
    if (common === 1n) break;
    common = gcd(common, held);
  }
  return common > 1n
    ? { money: money.map((held) => held / common), scale: scale / common }
    : { money, scale };
}

function gcd(a, b) {
  while (b) [a, b] = [b, a % b];
  return a;
}

function equalShares(election, scores, ties, rule, parameters) {
  const costUtility = rule.startsWith("equal_shares_cost");
  const least = Math.max(parameters.minimum_support || 0, 1);
  const free = [];
  const freeOnes = election.options
    .map((option, place) => place)
    .filter((place) => election.options[place].cost === 0n && scores.votes[place] >= least)
    .sort((a, b) => ties.get(a) - ties.get(b));
  for (const option of freeOnes) {
    if (!takenGroups(election, free).has(election.options[option].group)) free.push(option);
  }
  const voters = election.ballots.reduce((sum, ballot) => sum + big(ballot.times), 0n);
  let won = [];
  if (voters > 0n) {
    const run = (numerator) =>
      shares(election, scores, ties, parameters, costUtility, numerator, voters, free);
    won = rule.includes("_add1")
      ? addOne(election, scores, parameters, voters, free, run)
      : run(election.budget);
  }
  const bought = [...free, ...won];
  if (!rule.endsWith("_greedy")) return bought;
  const how = { perCost: false, stop: false, threshold: parameters.minimum_support || 0 };
  return greedy(election, scores, ties, how, bought);
}

// Raise everybody's money until the stop; keep the last outcome that fits the budget.
function addOne(election, scores, parameters, voters, free, run) {
  const step = big(parameters.increment_minor || election.increment);
  let numerator = election.budget;
  if (parameters.start === "integral") numerator = (election.budget / voters / step) * step * voters;
  const taken = takenGroups(election, free);
  const sellable = election.options
    .map((_, option) => option)
    .filter(
      (option) =>
        election.options[option].cost > 0n &&
        scores.votes[option] >= Math.max(parameters.minimum_support || 0, 1) &&
        !taken.has(election.options[option].group),
    );
  let kept = null;
  for (;;) {
    const won = run(numerator);
    if (kept && spent(election, won) > election.budget) return kept;
    const groups = takenGroups(election, won);
    const unsold = sellable.filter(
      (option) => !won.includes(option) && !groups.has(election.options[option].group),
    );
    if (!unsold.length) return won;
    const cheapest = unsold.reduce(
      (least, option) => (election.options[option].cost < least ? election.options[option].cost : least),
      election.options[unsold[0]].cost,
    );
    if (
      (parameters.stop || "exhaustive") === "exhaustive" &&
      cheapest + spent(election, won) > election.budget
    ) {
      return won;
    }
    kept = won;
    numerator += step * voters;
  }
}

function phragmen(election, scores, ties, parameters) {
  const least = parameters.minimum_support || 0;
  const loads = election.ballots.map(() => [0n, 1n]);
  const takesPart = (option) =>
    election.options[option].cost <= election.budget && scores.votes[option] >= least;
  const all = election.options.map((_, option) => option).filter(takesPart);
  let open = all.filter((option) => scores.votes[option]);
  let unsupported = all.filter((option) => !scores.votes[option]);
  let left = election.budget;
  const won = [];
  while (open.length || unsupported.length) {
    let due = [];
    let lowest = null;
    for (const option of open) {
      const load = loadOf(election, scores.supporters[option], loads, option, scores.votes[option]);
      const order = lowest ? load[0] * lowest[1] - lowest[0] * load[1] : -1n;
      if (order < 0n) [lowest, due] = [load, [option]];
      else if (order === 0n) due.push(option);
    }
    if (!open.length) due = [...unsupported];
    if (due.some((option) => election.options[option].cost > left)) return won;
    const winner = due.sort((a, b) => ties.get(a) - ties.get(b))[0];
    if (open.length) for (const [row] of scores.supporters[winner]) loads[row] = lowest;
    won.push(winner);
    left -= election.options[winner].cost;
    const group = election.options[winner].group;
    const stays = (option) =>
      option !== winner && !(group && election.options[option].group === group);
    open = open.filter(stays);
    unsupported = unsupported.filter(stays);
  }
  return won;
}

function loadOf(election, supporters, loads, option, votes) {
  let sum = [election.options[option].cost, 1n];
  for (const [row] of supporters) {
    const times = big(election.ballots[row].times);
    const [numerator, denominator] = loads[row];
    sum = [sum[0] * denominator + numerator * times * sum[1], sum[1] * denominator];
    const common = gcd(sum[1], sum[0]);
    if (common > 1n) sum = [sum[0] / common, sum[1] / common];
  }
  return [sum[0], sum[1] * big(votes)];
}

// All parameters of a rule: what the cycle gave, and for the rest what the rules say.
export function parametersOf(rule, given, increment) {
  const parameters = {};
  if (rule.startsWith("greedy")) parameters.threshold = rule.endsWith("_threshold") ? 1 : 0;
  else parameters.minimum_support = 0;
  if (rule.includes("_borda")) parameters.borda = "listed";
  if (rule.includes("_add1")) {
    const official = rule.endsWith("_official");
    parameters.increment_minor = 0;
    parameters.start = official ? "integral" : "exact";
    parameters.stop = official ? "infeasible" : "exhaustive";
  }
  for (const [name, value] of Object.entries(given)) {
    if (!(name in parameters)) throw new Error(`${rule} has no parameter ${name}`);
    parameters[name] = value;
  }
  if (parameters.increment_minor === 0) parameters.increment_minor = increment;
  return parameters;
}

// Who wins, in the order in which they do. `ties` gives each option its place in the order of ties.
export function count(rule, parameters, election, ties) {
  const scores = scoresOf(election, parameters);
  if (rule.startsWith("greedy")) {
    return greedy(election, scores, ties, {
      perCost: rule.endsWith("_per_cost"),
      stop: rule.endsWith("_stop"),
      threshold: parameters.threshold || 0,
    }, []);
  }
  if (rule.startsWith("equal_shares")) return equalShares(election, scores, ties, rule, parameters);
  if (rule === "phragmen") return phragmen(election, scores, ties, parameters);
  throw new Error(`no rule is called ${rule}`);
}
