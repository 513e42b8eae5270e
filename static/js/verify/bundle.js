// Reads a bundle and looks at everything it claims. Nothing leaves the browser.

import { bytes, digest, sha256 } from "./hashes.js";
import { lookAtPot, lookAtPots } from "./pots.js";
import { rows } from "./rows.js";

const FORMAT = "civicfund bundle 1";
// Numbers that somebody has counted: of the board, of paper, and of a place's paper.
const BALLOTS = ["size", "superseded", "replaced_by_paper", "counted", "void"];
const SHEETS = ["sheets", "counted", "void"];
const PLACE = ["printed", "cast", "spoiled", "returned", "checked_in", "keyed"];

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
    if (files.has(name)) throw new Error(`${name} is in it twice.`);
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

// What was found: [{ name, holds, found }]; what could not be looked at is `unlooked`, and does not
// hold.
// `noted` are the root and the head that somebody noted from the board.
export async function verify(files, receipts = [], noted = {}) {
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
  checks.push(namedTrustees(opening));
  same("the board is as long as it says", board.size, lines.length);
  const taken = inOrder(board.extensions, board.moves || []);
  const [chain, head, heads] = await chainOf(board, lines, taken);
  same("the chain leads to its head", board.head, head);
  const wrong = lines.findIndex((line, place) => line.head !== chain[place]) + 1;
  checks.push({
    name: "each line says the head after it",
    holds: !wrong,
    found: wrong ? `wrong from place ${wrong}` : "all",
  });
  await lookAtRoot(board, lines, checks, same);
  same("no sealed ballot stands twice", new Set(lines.map((line) => line.ballot)).size, lines.length);
  same("cast = replaced + counted + void", board.size, board.superseded + board.counted + board.void);
  checks.push(noneBelowZero("no number of ballots is below zero", BALLOTS.map((part) => board[part])));
  const kept = board.size - board.superseded;
  checks.push({
    name: "no more counted than were left at the close",
    holds: board.counted <= kept,
    found: String(kept),
  });
  const typed = (text) => (text || "").trim().toLowerCase();
  if (typed(noted.root)) same("the root is the one that you noted", typed(noted.root), board.root);
  if (typed(noted.head)) {
    const place = heads.get(typed(noted.head));
    checks.push({
      name: "the head that you noted is on the chain",
      holds: place !== undefined,
      found: place === undefined ? "not on this board" : `after place ${place}`,
    });
  }
  checks.push(...phasesMoved(record.rules, taken, lines.length));
  if (record.tie_seed) {
    const found = await sha256(bytes(record.tie_seed));
    same("the seed of ties is the one committed to", opening.tie_commitment, found);
  }
  try {
    await lookAtPaper(record, checks, same);
  } catch (error) {
    checks.push({ name: "the sums of paper", holds: false, found: `cannot be read: ${error.message}` });
  }
  try {
    await lookAtPots(record, [...files.keys()], checks, same);
  } catch (error) {
    checks.push({ name: "the pots", holds: false, found: `cannot be read: ${error.message}` });
  }
  for (const pot of record.pots) {
    try {
      await lookAtPot(record, pot, files, checks, same);
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

// Who could open the ballots is part of what was opened, as three people's names.
function namedTrustees(opening) {
  const name = "three people are named as trustees";
  if (opening.trustees === undefined) {
    const found = "the vote was opened before trustees were named";
    return { name, holds: false, unlooked: true, found };
  }
  const names = opening.trustees.map((each) => each.name.trim());
  const holds = names.length === 3 && new Set(names).size === 3 && names.every(Boolean);
  return { name, holds, found: names.join(", ") };
}

// Sums can hold that no ballots could: whoever counts one too many takes it from the void.
function noneBelowZero(name, numbers) {
  const below = numbers.filter((number) => !(number >= 0));
  return { name, holds: !below.length, found: below.join(", ") || "none" };
}

// Extensions and moves, each of them in order, as the chain took them in: a move says how many
// extensions came before it.
function inOrder(extensions, moves) {
  const taken = [];
  let passed = 0;
  for (const move of moves) {
    while (passed < Math.min(move.extensions, extensions.length)) taken.push(extensions[passed++]);
    if (passed !== move.extensions) throw new Error("a move follows nothing");
    taken.push({ ...move, moves: true });
  }
  taken.push(...extensions.slice(passed));
  const back = taken.some((each, at) => at && taken[at - 1].board_size > each.board_size);
  if (moves.length && back) throw new Error("moves and extensions are not in their order");
  return taken;
}

// As the board writes an instant, and in microseconds.
const asOnBoard = (text) => (text.includes(".") ? text : text.replace("+", ".000000+"));
const micros = (text) => BigInt(Date.parse(`${text.slice(0, 23)}Z`)) * 1000n + BigInt(text.slice(23, 26));

// Each move and extension goes on from when a phase was to be: later, and in time.
function phasesMoved(rules, taken, size) {
  const phases = rules.phases.map(([kind, starts, ends]) => {
    return { kind, starts: asOnBoard(starts), ends: asOnBoard(ends) };
  });
  const voting = phases.find(({ kind }) => kind === "balloting");
  const count = { extension: 0, move: 0 };
  const wrong = { extension: 0, move: 0 };
  for (const each of taken) {
    const what = each.moves ? "move" : "extension";
    count[what] += 1;
    const follows = each.moves ? moves(phases, each) : extend(voting, each);
    const placed = each.board_size >= 0 && each.board_size <= size;
    if (!(follows && placed && each.reason.trim())) wrong[what] = wrong[what] || count[what];
  }
  return [
    {
      name: "extensions go on from the end that was opened",
      holds: !wrong.extension,
      found: wrong.extension ? `extension ${wrong.extension} does not follow` : voting.ends,
    },
    {
      name: "moves go on from the phases that were opened",
      holds: !wrong.move,
      found: wrong.move ? `move ${wrong.move} does not follow` : `moves: ${count.move}`,
    },
  ];
}

// Takes an extension in; whether it goes on from there, forward and before voting ended.
function extend(voting, { from_at: from, to_at: to, at }) {
  const { ends } = voting;
  voting.ends = to;
  return from === ends && at < ends && ends < to;
}

// Takes a move in; whether it goes on from there, in time, and makes nothing shorter.
function moves(phases, made) {
  const { kind, from_starts_at: from, from_ends_at: until, to_starts_at: starts, to_ends_at: ends } = made;
  const phase = phases.find((each) => each.kind === kind && each.starts === from && each.ends === until);
  if (!phase) return false;
  Object.assign(phase, { starts, ends });
  const inTime = made.at < (from < starts ? from : until);
  const longEnough = micros(ends) - micros(starts) >= micros(until) - micros(from);
  // Voting moves as a whole, before any ballot; what makes it longer alone is an extension.
  const isSo = kind !== "balloting" || (from < starts && made.board_size === 0);
  return inTime && from <= starts && until < ends && longEnough && isSo;
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
  const numbers = SHEETS.map((part) => paper[part]).concat(Object.values(paper.void_pots));
  const ofPlaces = paper.places.flatMap((place) => PLACE.map((part) => place[part]));
  checks.push(noneBelowZero("no number of sheets is below zero", numbers.concat(ofPlaces)));
  const people = sum(paper.places, "checked_in");
  most("no more replaced by paper than people on paper", board.replaced_by_paper, people);
  same("sheets = counted + void", paper.sheets, paper.counted + paper.void);
  same("sheets are those keyed of each place", paper.sheets, sum(paper.places, "keyed"));
  const { decided_by_a_third: two, keyed_by_more_than_three: three = 0 } = paper;
  checks.push({
    name: "clerks differed on some of these sheets",
    holds: three >= 0 && three <= two && two <= paper.sheets,
    found: `two on ${two}, three on ${three} of ${paper.sheets}`,
  });
  for (const place of paper.places) {
    const accounted = place.cast + place.spoiled + place.returned;
    const meets = place.printed === accounted;
    checks.push({
      name: `${place.name}: its sheets are accounted for, or somebody said why not`,
      holds: meets || says(place.reason),
      found: meets ? "all" : `${place.printed} printed, ${accounted} accounted for`,
    });
    checks.push(...boxOf(place));
  }
  const found = await sha256(bytes(paper.seed));
  same("the seed of the sample is the one committed to", paper.seed_commitment, found);
  const { compared, errors } = paper.sample;
  const few = errors <= compared && compared <= paper.sheets;
  checks.push({ name: "the sample is one of these sheets", holds: few, found: String(compared) });
}

// What lay in a place's box was keyed, and as many people were given a sheet there; otherwise
// whoever ended the keying said why, and where box and people differ the officer did, too.
function boxOf({ name, cast, keyed, checked_in: people, reason, reason_at_end: atEnd }) {
  const saidAtEnd = says(atEnd);
  const asMany = cast === keyed && keyed === people;
  const saidByTwo = saidAtEnd && (cast === people || says(reason));
  return [
    {
      name: `${name}: its box was keyed, or somebody said why not`,
      holds: cast === keyed || saidAtEnd,
      found: cast === keyed ? "all" : `${cast} in the box, ${keyed} keyed`,
    },
    {
      name: `${name}: as many sheets as people, or two said why`,
      holds: asMany || saidByTwo,
      found: `${people} people, ${cast} in the box, ${keyed} keyed`,
    },
  ];
}

const says = (reason) => typeof reason === "string" && reason.trim() !== "";

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

// The head after each line, the last of all, and how many lines there were at each head there was.
// What stood on the ballots comes before the first line, after so many extensions and moves; each of
// these follows as many lines as it says.
async function chainOf({ first, options }, lines, taken) {
  const hashed = (words) => sha256(new TextEncoder().encode(words.join("\n")));
  const entries = [];
  for (const each of taken) entries.push([each.board_size, await hashed(wordsOf(each))]);
  if (options) {
    const { extensions, moves: moved = 0 } = options;
    const early = taken.filter((each) => each.board_size === 0).slice(0, Math.max(extensions + moved, 0));
    const ofMoves = early.filter((each) => each.moves).length;
    if (!(early.length - ofMoves === extensions && ofMoves === moved)) throw new Error("options follow nothing");
    entries.splice(extensions + moved, 0, [0, await hashed(["options", options.sha256])]);
  }
  const chain = [];
  let head = first;
  const heads = new Map([[head, 0]]);
  for (let place = 0; place <= lines.length; place += 1) {
    for (const [, entry] of entries.filter(([after]) => after === place)) {
      head = await sha256(bytes(head + entry));
      heads.set(head, place);
    }
    if (place === lines.length) break;
    head = await sha256(bytes(head + lines[place].ballot + lines[place].receipt));
    heads.set(head, place + 1);
    chain.push(head);
  }
  return [chain, head, heads];
}

// What the chain takes in of an extension or a move.
function wordsOf(each) {
  if (!each.moves) return ["extension", each.from_at, each.to_at, each.at, each.reason];
  const was = [each.from_starts_at, each.from_ends_at];
  return ["move", each.kind, ...was, each.to_starts_at, each.to_ends_at, each.at, each.reason];
}

// The root holds the last head, and with it all that was opened, and how many were left.
async function lookAtRoot(board, lines, checks, same) {
  const words = ["closed", board.size - board.superseded, board.replaced_by_paper].join("\n");
  const close = await sha256(bytes(board.head + (await sha256(new TextEncoder().encode(words)))));
  const root = await rootOf(lines, close);
  if (board.root !== root && board.root === (await rootOf(lines))) {
    same("the root is that of the lines", board.root, board.root);
    checks.push({
      name: "the root is that of what was opened and of the close",
      holds: false,
      unlooked: true,
      found: "voting was closed before roots held it: compare a head that somebody noted",
    });
  } else same("the root is that of the lines and of the close", board.root, root);
}

// The tree of RFC 6962 over the lines and, in a form of its own, the close.
async function rootOf(lines, close) {
  let level = [];
  for (const line of lines) level.push(await sha256(bytes(`00${line.ballot}${line.receipt}`)));
  if (close) level.push(await sha256(bytes(`02${close}`)));
  if (!level.length) return sha256(new Uint8Array());
  while (level.length > 1) {
    const above = [];
    for (let at = 0; at < level.length; at += 2) {
      above.push(at + 1 < level.length ? await sha256(bytes(`01${level[at]}${level[at + 1]}`)) : level[at]);
    }
    level = above;
  }
  return level[0];
}
