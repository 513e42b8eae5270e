// The page of somebody who waits in a rush: it goes on when their turn has come.
const form = document.querySelector("[data-turn]");
const bar = form.querySelector("progress");
const ends = performance.now() + Number(form.dataset.turn) * 1000;

form.querySelector("[data-turn-bar]").hidden = false;
document.querySelector("[data-by-hand]").hidden = true;
document.querySelector("[data-by-itself]").hidden = false;

function look() {
  const left = (ends - performance.now()) / 1000;
  bar.value = bar.max - Math.max(0, left);
  if (left > 0) setTimeout(look, 250);
  else form.requestSubmit();
}

look();
