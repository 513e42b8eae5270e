// The page that verifies a bundle in the reader's own browser.

import { unzip, verify } from "./verify/bundle.js";

const form = document.querySelector("[data-verify]");
const said = document.querySelector("[data-verify-said]");

function show(checks) {
  const words = said.dataset;
  const unlooked = checks.filter((check) => check.unlooked).length;
  const broken = checks.filter((check) => !check.holds).length - unlooked;
  const summary = document.createElement("p");
  summary.className = "font-semibold";
  const all = broken ? words.wordsBroken : words.wordsHolds;
  summary.textContent = [all, ...(unlooked ? [words.wordsUnlooked] : [])]
    .join(" ")
    .replace("{all}", checks.length - unlooked)
    .replace("{broken}", broken)
    .replace("{unlooked}", unlooked);
  const table = document.querySelector("[data-verify-table]").content.cloneNode(true);
  const body = table.querySelector("tbody");
  for (const check of checks) {
    const row = body.insertRow();
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = check.name;
    row.append(name);
    row.insertCell().textContent = check.unlooked
      ? words.wordsNotSeen
      : check.holds ? words.wordsYes : words.wordsNo;
    const found = row.insertCell();
    found.className = "break-all";
    found.textContent = check.found;
  }
  said.replaceChildren(summary, table);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [file] = form.querySelector("input[type=file]").files;
  if (!file) return;
  said.textContent = said.dataset.wordsWorking;
  const typed = form.querySelector("textarea").value.split("\n").map((line) => line.trim());
  const [root, head] = ["root", "head"].map((name) => form.querySelector(`#${name}`).value);
  try {
    show(await verify(await unzip(await file.arrayBuffer()), typed.filter(Boolean), { root, head }));
  } catch (error) {
    said.textContent = `${said.dataset.wordsNone} ${error.message}`;
  }
});
