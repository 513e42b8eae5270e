// What is filled in on a ballot and not cast yet, as this browser keeps it: in its own storage alone.
// Nothing of it is ever sent. Whoever votes with a code has it in the tab's storage, which ends with it.
const PREFIX = "ballot-draft:";
export const DEVICE = "localStorage";
export const TAB = "sessionStorage";

// A browser may refuse to keep anything: then there are no drafts.
function storage(name) {
  try {
    return window[name];
  } catch {
    return null;
  }
}

function keysIn(store) {
  return store ? Object.keys(store).filter((key) => key.startsWith(PREFIX)) : [];
}

function read(store, key) {
  try {
    const draft = JSON.parse(store.getItem(key));
    return draft && Array.isArray(draft.fields) ? draft : null;
  } catch {
    return null;
  }
}

// The place of one voter's draft in one cycle; null where the browser keeps nothing.
export function placeOf(owner, name) {
  const store = storage(name);
  const key = PREFIX + owner;
  if (!store) return null;
  return {
    key,
    read: () => read(store, key),
    write(draft) {
      try {
        store.setItem(key, JSON.stringify(draft));
        return true;
      } catch {
        return false;
      }
    },
    forget: () => store.removeItem(key),
    // Another code in the same tab is another voter.
    forgetOthers: () => keysIn(store).forEach((each) => each !== key && store.removeItem(each)),
  };
}

export function forgetDrafts(...names) {
  for (const name of names) {
    const store = storage(name);
    keysIn(store).forEach((key) => store.removeItem(key));
  }
}

function forgetOld(now) {
  for (const store of [storage(DEVICE), storage(TAB)]) {
    for (const key of keysIn(store)) {
      const draft = read(store, key);
      if (!draft || !(draft.until > now)) store.removeItem(key);
    }
  }
}

// On every page: a draft goes with its vote, once it is cast, and with whoever signs out.
export function startDrafts() {
  document.addEventListener("submit", (event) => {
    const all = event.target.getAttribute("data-forget-drafts");
    if (all !== null) forgetDrafts(...(all === "tab" ? [TAB] : [DEVICE, TAB]));
  });
  for (const over of document.querySelectorAll("[data-draft-over]")) {
    for (const name of [DEVICE, TAB]) placeOf(over.dataset.draftOver, name)?.forget();
  }
  // A ballot says itself until when it can be cast: voting may have been extended since.
  if (!document.querySelector("[data-draft]")) forgetOld(Date.now());
}
