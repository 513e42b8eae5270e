// A ranking by buttons, beside its lists to choose from: each project can be ranked next, and each
// rank moved up, moved down or emptied. Ranks close up, so that none is left empty between others.

function nameOf(select) {
  return select.selectedOptions[0]?.textContent.trim() ?? "";
}

function button(className, text) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.textContent = text;
  return made;
}

export function prepareRanks(pot) {
  const list = pot.querySelector("[data-ranks]");
  if (!list) return () => {};
  const selects = [...list.querySelectorAll("select")];
  const values = () => selects.map((select) => select.value).filter(Boolean);

  // The codes in their new order; a code that is chosen twice keeps its place where it was put.
  function write(codes) {
    selects.forEach((select, place) => {
      select.value = codes[place] ?? "";
    });
    show();
  }

  function changed(codes) {
    write(codes);
    list.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function move(place, by) {
    const codes = values();
    const other = place + by;
    if (other < 0 || other >= codes.length) return;
    [codes[place], codes[other]] = [codes[other], codes[place]];
    changed(codes);
    const kept = rows[other];
    const pressed = by < 0 ? kept.up : kept.down;
    (pressed.disabled ? (by < 0 ? kept.down : kept.up) : pressed).focus();
  }

  const rows = selects.map((select, place) => {
    const up = button("ballot-step", "\u2191");
    const down = button("ballot-step", "\u2193");
    const off = button("ballot-step", "\u00d7");
    up.addEventListener("click", () => move(place, -1));
    down.addEventListener("click", () => move(place, 1));
    off.addEventListener("click", () => {
      changed(values().filter((_, at) => at !== place));
      select.focus();
    });
    const buttons = document.createElement("span");
    buttons.className = "ballot-moves";
    buttons.append(up, down, off);
    select.after(buttons);
    select.addEventListener("change", () => {
      const chosen = selects.map((each) => each.value);
      // What was ranked elsewhere moves here; it cannot stand twice.
      write(chosen.filter((code, at) => code && (at === place || code !== select.value)));
    });
    return { up, down, off, row: select.closest("li") };
  });

  const adders = [...pot.querySelectorAll("[data-option]")].map((line) => {
    const add = button("ballot-step ballot-add", list.dataset.wordsRank);
    add.setAttribute("aria-label", line.dataset.wordsAdd);
    add.addEventListener("click", () => {
      changed([...values(), line.dataset.option]);
      // The button that was pressed is gone, and so the focus goes to where the project went.
      selects[values().length - 1].focus();
    });
    line.append(add);
    return { add, code: line.dataset.option };
  });

  function show() {
    const codes = values();
    rows.forEach(({ up, down, off, row }, place) => {
      const filled = place < codes.length;
      const name = filled ? nameOf(selects[place]) : "";
      row.hidden = place > codes.length;
      for (const [each, words, usable] of [
        [up, list.dataset.wordsUp, filled && place > 0],
        [down, list.dataset.wordsDown, filled && place < codes.length - 1],
        [off, list.dataset.wordsOff, filled],
      ]) {
        each.hidden = !filled;
        each.disabled = !usable;
        each.setAttribute("aria-label", words.replace("{name}", () => name));
      }
    });
    adders.forEach(({ add, code }) => {
      add.hidden = codes.includes(code);
      add.disabled = codes.length >= selects.length;
    });
  }

  // A refused ballot comes back as it was filled in, also with what is wrong: then all ranks show.
  const filledIn = selects.map((select) => select.value);
  const asTyped = filledIn.some((code, place) => code && (filledIn[place - 1] === "" || filledIn.indexOf(code) !== place));
  if (asTyped) rows.forEach(({ up, down, off }) => [up, down, off].forEach((each) => (each.hidden = true)));
  else show();
  return () => write(values());
}
