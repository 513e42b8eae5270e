// The card fields inside their frame. Numbers go from here to the sandbox, and nowhere else.
const form = document.getElementById("card");
const said = document.getElementById("said");
const fields = ["number", "expiry", "cvc"];
const fieldOf = { number: "number", exp_month: "expiry", exp_year: "expiry", cvc: "cvc" };
const variables = {
  colorPrimary: "--color-primary",
  colorText: "--color-text",
  colorBackground: "--color-background",
  colorDanger: "--color-danger",
  borderRadius: "--border-radius",
  fontFamily: "--font-family",
  fontSizeBase: "--font-size-base",
};
let host = null;
let publishableKey = "";

function tell(type, detail, id) {
  window.parent.postMessage({ type, id, detail }, host || "*");
}

function digits(name) {
  return form.elements[name].value.replace(/\D/g, "");
}

function passesLuhn(number) {
  let total = 0;
  [...number].reverse().forEach((digit, place) => {
    const doubled = Number(digit) * (1 + (place % 2));
    total += doubled > 9 ? doubled - 9 : doubled;
  });
  return total % 10 === 0;
}

function problems() {
  const found = {};
  const number = digits("number");
  if (!number) found.number = "Enter the card number.";
  else if (number.length < 14 || !passesLuhn(number)) {
    found.number = "This card number is not complete or not valid.";
  }
  const expiry = digits("expiry");
  const month = Number(expiry.slice(0, 2));
  if (expiry.length !== 4) found.expiry = "Enter the month and the year, for example 12 / 34.";
  else if (month < 1 || month > 12) found.expiry = "The month is between 01 and 12.";
  if (digits("cvc").length < 3) found.cvc = "Enter the three or four digits of the security code.";
  return found;
}

function show(found) {
  for (const name of fields) {
    document.getElementById(`${name}-error`).textContent = found[name] || "";
    form.elements[name].setAttribute("aria-invalid", name in found ? "true" : "false");
  }
  const first = fields.find((name) => name in found);
  if (first) form.elements[first].focus();
}

function validate() {
  const found = problems();
  show(found);
  const first = fields.find((name) => name in found);
  return first ? { error: { type: "validation_error", message: found[first] } } : {};
}

async function post(path, params) {
  const response = await fetch(`/v1/${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${publishableKey}` },
    body: new URLSearchParams(params),
  });
  return response.json();
}

function explain(error) {
  const name = fieldOf[error.param];
  if (name) show({ [name]: error.message });
  return { error };
}

async function confirm({ path, clientSecret, returnUrl }) {
  const invalid = validate();
  if (invalid.error) return invalid;
  const expiry = digits("expiry");
  const method = await post("payment_methods", {
    type: "card",
    "card[number]": digits("number"),
    "card[exp_month]": expiry.slice(0, 2),
    "card[exp_year]": `20${expiry.slice(2)}`,
    "card[cvc]": digits("cvc"),
  });
  if (method.error) return explain(method.error);
  const intent = await post(path, {
    payment_method: method.id,
    client_secret: clientSecret,
    return_url: returnUrl,
  });
  return intent.error ? explain(intent.error) : { intent };
}

function greet({ publishableKey: key, appearance }) {
  publishableKey = key;
  for (const [name, value] of Object.entries(appearance.variables || {})) {
    if (variables[name]) document.documentElement.style.setProperty(variables[name], value);
  }
  tell("ready", {});
}

const answers = {
  confirm,
  validate: async () => validate(),
  focus: async () => form.elements.number.focus(),
};

window.addEventListener("message", async (event) => {
  if (event.source !== window.parent) return;
  const { type, id, detail } = event.data;
  if (type === "greeting") {
    host = event.origin;
    greet(detail);
  } else if (host === event.origin && type in answers) {
    const answer = await answers[type](detail).catch((error) => ({
      error: { type: "api_connection_error", message: `The sandbox did not answer: ${error}` },
    }));
    tell("answer", answer, id);
  }
});

function spaced(text, groups) {
  return text.replace(groups, "$1 ").trim();
}

form.elements.number.addEventListener("input", (event) => {
  const field = event.target;
  if (field.selectionStart === field.value.length) field.value = spaced(digits("number"), /(\d{4})/g);
});

form.elements.expiry.addEventListener("input", (event) => {
  const typed = digits("expiry");
  const deleting = event.inputType === "deleteContentBackward";
  if (typed.length >= 2 && !deleting) {
    event.target.value = `${typed.slice(0, 2)} / ${typed.slice(2, 4)}`;
  }
});

form.addEventListener("input", () => {
  const complete = Object.keys(problems()).length === 0;
  tell("change", { complete, empty: digits("number") === "", value: { type: "card" } });
});

form.addEventListener("submit", (event) => event.preventDefault());

for (const button of document.querySelectorAll("[data-number]")) {
  button.addEventListener("click", () => {
    form.elements.number.value = spaced(button.dataset.number, /(\d{4})/g);
    form.elements.expiry.value = `12 / ${(new Date().getFullYear() + 2) % 100}`;
    form.elements.cvc.value = button.dataset.cvc;
    show({});
    said.textContent = `Filled in: ${button.dataset.label}.`;
    form.dispatchEvent(new Event("input"));
  });
}

new ResizeObserver(() => {
  tell("size", { height: document.documentElement.getBoundingClientRect().height });
}).observe(document.documentElement);

tell("hello", {});
