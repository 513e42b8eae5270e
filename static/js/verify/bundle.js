// Reads a bundle and looks at everything it claims. Nothing leaves the browser.

import { count } from "./count.js";

const FORMAT = "civicfund bundle 1";

// The files of a zip, by name.
export async function unzip(buffer) {
  const view = new DataView(buffer);
  let end = buffer.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw new Error("This is no bundle.");
  const files = new Map();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    const method = view.getUint16(at + 10, true);
    const size = view.getUint32(at + 20, true);
    const nameLength = view.getUint16(at + 28, true);
    const extra = view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    const local = view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(new Uint8Array(buffer, at + 46, nameLength));
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    files.set(name, await inflated(new Uint8Array(buffer, start, size), method));
    at += 46 + nameLength + extra;
  }
  return files;
}

async function inflated(bytes, method) {
  if (method === 0) return new TextDecoder().decode(bytes);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).text();
}

// What was found: [{ name, holds, found }].
export async function verify(files, receipts = []) {
  const record = JSON.parse(files.get("bundle.json") || "null");
  if (!record || record.format !== FORMAT) throw new Error("This is no bundle.");
  const checks = [];
  const same = (name, said, found) =>
    checks.push({ name, holds: said === found, found: String(found) });
  let lines;
  try {
    lines = boardLines(files.get("board.csv"));
  } catch (error) {
    return [{ name: "the board can be read", holds: false, found: error.message }];
  }
  const { board, opening } = record;
  same("the rules are those that were opened", opening.rules, await digest(record.rules));
  same("the board begins with what was opened", board.first, await digest(opening));
  same("the board is as long as it says", board.size, lines.length);
  const { extensions } = board;
  const [chain, head] = await chainOf(board.first, lines, extensions);
  same("the chain leads to its head", board.head, head);
  const wrong = lines.findIndex((line, place) => line.head !== chain[place]) + 1;
  checks.push({
    name: "each line says the head after it",
    holds: !wrong,
    found: wrong ? `wrong from place ${wrong}` : "all",
  });
  same("the root is that of the lines", board.root, await rootOf(lines));
  same("no sealed ballot stands twice", new Set(lines.map((line) => line.ballot)).size, lines.length);
  same("cast = replaced + counted + void", board.size, board.superseded + board.counted + board.void);
  checks.push(endOfVoting(record.rules, extensions, lines.length));
  if (record.tie_seed) {
    const found = await sha256(bytes(record.tie_seed));
    same("the seed of ties is the one committed to", opening.tie_commitment, found);
  }
  try {
    await lookAtPaper(record, checks, same);
  } catch (error) {
    checks.push({ name: "the sums of paper", holds: false, found: `cannot be read: ${error.message}` });
  }
  for (const pot of record.pots) {
    try {
      await lookAtPot(record, pot, files, same);
    } catch (error) {
      checks.push({ name: `pot ${pot.name}`, holds: false, found: `cannot be read: ${error.message}` });
    }
  }
  for (const receipt of receipts) {
    const plain = receipt.toUpperCase().replace(/[^0-9A-Z]/g, "");
    const hashed = await sha256(new TextEncoder().encode(plain));
    const place = lines.findIndex((line) => line.receipt === hashed) + 1;
    const found = place ? `recorded at place ${place}` : "not on this board";
    checks.push({ name: `receipt ${receipt}`, holds: place > 0, found });
  }
  return checks;
}

// Each extension goes on from where voting was to end, forward and before it ended.
function endOfVoting(rules, extensions, size) {
  const name = "extensions go on from the end that was opened";
  const [, , opened] = rules.phases.find(([kind]) => kind === "balloting");
  let ends = opened.includes(".") ? opened : opened.replace("+", ".000000+");
  for (const [place, each] of extensions.entries()) {
    const inTime = each.from_at === ends && each.at < ends && ends < each.to_at;
    const follows = inTime && each.reason.trim() && each.board_size >= 0 && each.board_size <= size;
    if (!follows) return { name, holds: false, found: `extension ${place + 1} does not follow` };
    ends = each.to_at;
  }
  return { name, holds: true, found: ends };
}

// Ballots counted are those cast electronically and the sheets; sheets are accounted for.
async function lookAtPaper(record, checks, same) {
  const { board, paper, counted } = record;
  const most = (name, few, many) => checks.push({ name, holds: few <= many, found: String(many) });
  const sum = (rows, part) => rows.reduce((all, row) => all + row[part], 0);
  const onPaper = paper ? paper.counted : 0;
  same("counted = counted electronically + on paper", counted, board.counted + onPaper);
  most("no more replaced by paper than replaced", board.replaced_by_paper, board.superseded);
  if (!paper) {
    same("without paper nothing is replaced by it", board.replaced_by_paper, 0);
    return;
  }
  const people = sum(paper.places, "checked_in");
  most("no more replaced by paper than people on paper", board.replaced_by_paper, people);
  same("sheets = counted + void", paper.sheets, paper.counted + paper.void);
  same("sheets are those keyed of each place", paper.sheets, sum(paper.places, "keyed"));
  for (const place of paper.places) {
    const accounted = place.cast + place.spoiled + place.returned;
    const meets = place.printed === accounted && place.cast === place.keyed;
    checks.push({
      name: `${place.name}: its sheets are accounted for, or somebody said why not`,
      holds: meets || place.reason !== "",
      found: meets ? "all" : `${place.printed} printed, ${accounted} accounted for`,
    });
  }
  const found = await sha256(bytes(paper.seed));
  same("the seed of the sample is the one committed to", paper.seed_commitment, found);
  const { compared, errors } = paper.sample;
  const few = errors <= compared && compared <= paper.sheets;
  checks.push({ name: "the sample is one of these sheets", holds: few, found: String(compared) });
}

async function lookAtPot(record, pot, files, same) {
  const { name, outcome } = pot;
  const ruled = record.rules.pots.find((each) => each[0] === pot.id);
  same(`${name}: the money is what was opened`, ruled[2], pot.amount_minor);
  same(`${name}: rule`, record.rules.rule, outcome.rule);
  if (!pot.published_ballots) {
    same(`${name}: too few ballots to publish`, pot.ballots < 30, true);
    return;
  }
  const election = electionOf(pot, files.get(`pots/${pot.id}.csv`));
  const cast = election.ballots.reduce((sum, ballot) => sum + ballot.times, 0);
  same(`${name}: ballots`, pot.ballots, cast);
  const sheets = record.paper ? record.paper.sheets : 0;
  const left = record.board.size - record.board.superseded + sheets;
  same(`${name}: no more ballots than were left`, cast <= left, true);
  const ties = await tieOrder(record, election.options);
  const won = count(outcome.rule, outcome.parameters, election, ties);
  const named = won.map((option) => election.options[option].id);
  same(`${name}: counted again, winners`, outcome.selected.join(", "), named.join(", "));
}

function electionOf(pot, text) {
  const numbers = (words) => words.split(" ").filter(Boolean).map(Number);
  return {
    kind: pot.kind,
    budget: BigInt(pot.amount_minor),
    increment: pot.increment_minor,
    options: pot.options.map((each) => ({
      id: each.id, cost: BigInt(each.cost_minor), group: each.group,
    })),
    ballots: rows(text, "times,options,points").map(([times, options, points]) => ({
      times: Number(times),
      options: numbers(options),
      points: points ? numbers(points) : null,
    })),
  };
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

// Hexadecimal digits mean the same in capitals; what means the same must not be alterable either.
function boardLines(text) {
  return rows(text, "place,ballot_sha256,receipt_sha256,head_sha256").map((row, at) => {
    const [place, ballot, receipt, head] = row;
    if (place !== String(at + 1) || !/^[0-9a-f]{64}(,[0-9a-f]{64}){2}$/.test(row.slice(1).join(","))) {
      throw new Error(`Line ${at + 1} of the board has not the form of a line.`);
    }
    return { ballot, receipt, head };
  });
}

function rows(text, columns) {
  const [head, ...lines] = text.split("\n");
  if (head !== columns) throw new Error(`The columns are not ${columns}.`);
  return lines.filter(Boolean).map((line) => line.split(","));
}

function bytes(hex) {
  return new Uint8Array(hex.match(/../g) || []).map((_, at) => parseInt(hex.substr(2 * at, 2), 16));
}

function hex(buffer) {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function sha256(content) {
  return hex(await crypto.subtle.digest("SHA-256", content));
}

async function hmac(seed, text) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(seed), algorithm, false, ["sign"]);
  return hex(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
}

// SHA-256 of a value's canonical JSON: keys sorted, no blanks.
async function digest(value) {
  return sha256(new TextEncoder().encode(canonical(value)));
}

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const parts = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${parts.join(",")}}`;
}

// The head after each line, and the last of all: an extension follows as many lines as it says.
async function chainOf(first, lines, extensions) {
  const chain = [];
  let head = first;
  for (let place = 0; place <= lines.length; place += 1) {
    for (const each of extensions.filter((one) => one.board_size === place)) {
      const words = ["extension", each.from_at, each.to_at, each.at, each.reason].join("\n");
      head = await sha256(bytes(head + (await sha256(new TextEncoder().encode(words)))));
    }
    if (place === lines.length) break;
    head = await sha256(bytes(head + lines[place].ballot + lines[place].receipt));
    chain.push(head);
  }
  return [chain, head];
}

// The tree of RFC 6962.
async function rootOf(lines) {
  if (!lines.length) return sha256(new Uint8Array());
  let level = [];
  for (const line of lines) level.push(await sha256(bytes(`00${line.ballot}${line.receipt}`)));
  while (level.length > 1) {
    const above = [];
    for (let at = 0; at < level.length; at += 2) {
      above.push(at + 1 < level.length ? await sha256(bytes(`01${level[at]}${level[at + 1]}`)) : level[at]);
    }
    level = above;
  }
  return level[0];
}
