// Reads a pot in the field's own format (.pb), and says in what it differs from the bundle.

// Rows of fields between semicolons; a field in quotes can hold both.
function fieldsOf(text) {
  return text.split("\n").filter(Boolean).map((line) => {
    const fields = [];
    for (const [, quoted, plain] of line.matchAll(/(?:^|;)(?:"((?:[^"]|"")*)"|([^;]*))/g)) {
      fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    }
    return fields;
  });
}

// META, PROJECTS and VOTES, each as a list of records by column.
function sectionsOf(text) {
  const sections = new Map();
  let columns = null;
  let held = null;
  for (const fields of fieldsOf(text)) {
    if (fields.length === 1 && ["META", "PROJECTS", "VOTES"].includes(fields[0])) {
      if (sections.has(fields[0])) throw new Error(`${fields[0]} is there twice`);
      held = [];
      columns = null;
      sections.set(fields[0], held);
    } else if (!columns) columns = fields;
    else held.push(Object.fromEntries(columns.map((column, at) => [column, fields[at] ?? ""])));
  }
  return sections;
}

// Money in minor units, of which `scale` make one unit.
function minor(text, scale) {
  const [whole, part = ""] = text.split(".");
  const places = String(scale).length - 1;
  if (part.length > places) return null;
  return BigInt(whole) * BigInt(scale) + BigInt(part.padEnd(places, "0") || 0);
}

const plain = (name) => name.split(/\s+/).filter(Boolean).join(" ");

// How often each different ballot stands there.
function grouped(kind, ballots) {
  const held = new Map();
  for (const { times, options, points } of ballots) {
    const pairs = options.map((option, at) => [option, points ? points[at] : 0]);
    if (kind !== "ranking") pairs.sort(([a], [b]) => a - b);
    const key = pairs.join(" ");
    held.set(key, (held.get(key) || 0) + times);
  }
  return JSON.stringify([...held].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function differences(text, election, selected) {
  const sections = sectionsOf(text);
  const meta = Object.fromEntries(sections.get("META").map(({ key, value }) => [key, value]));
  const projects = sections.get("PROJECTS");
  const places = new Map(projects.map(({ project_id: id }, at) => [id, at]));
  const voted = sections.get("VOTES").map(({ vote, points }) => ({
    times: 1,
    options: vote.split(",").filter(Boolean).map((id) => places.get(id)),
    points: points ? points.split(",").map(Number) : null,
  }));
  const scale = election.increment;
  const said = election.options.map(({ id, cost, name }) => [id, String(cost), plain(name || id)]);
  const listed = projects.map(({ project_id: id, cost, name }) => [
    id, String(minor(cost, scale)), plain(name),
  ]);
  const marked = projects.filter((each) => each.selected === "1").map((each) => each.project_id);
  const ballots = grouped(election.kind, voted) === grouped(election.kind, election.ballots);
  return Object.entries({
    money: minor(meta.budget, scale) === election.budget,
    options: JSON.stringify(said) === JSON.stringify(listed),
    ballots: ballots && meta.num_votes === String(voted.length),
    winners: [...marked].sort().join() === [...selected].sort().join(),
  }).filter(([, holds]) => !holds).map(([part]) => part);
}
