// The card page: the payment provider's own fields, and what they say. The provider's script is
// loaded by the page; card numbers stay in its frame and never reach this site.
const form = document.querySelector("[data-card-form]");
const submit = form.querySelector("[data-card-submit]");
const status = form.querySelector("[data-card-status]");
const problem = form.querySelector("[data-card-error]");
const { kind, key, secret } = form.dataset;
// "return" is a word of the language, so it is read by its name.
const returnUrl = form.dataset["return"];

function showProblem(words) {
  problem.querySelector("[data-card-error-words]").textContent = words;
  problem.hidden = false;
  problem.focus();
}

function ready() {
  status.textContent = "";
  submit.disabled = false;
}

function appearance() {
  const styles = getComputedStyle(document.documentElement);
  const token = (name) => styles.getPropertyValue(name).trim();
  const body = getComputedStyle(document.body);
  return {
    variables: {
      colorPrimary: token("--color-pine-700") || body.color,
      colorText: body.color,
      fontFamily: body.fontFamily,
      fontSizeBase: body.fontSize,
    },
  };
}

async function confirm(stripe, elements) {
  const act = kind === "setup" ? "confirmSetup" : "confirmPayment";
  return stripe[act]({
    elements,
    confirmParams: { return_url: returnUrl },
    redirect: "if_required",
  });
}

function start() {
  form.hidden = false;
  if (typeof window.Stripe !== "function") {
    status.textContent = "";
    showProblem(status.dataset.unreachable);
    return;
  }
  const stripe = window.Stripe(key);
  const elements = stripe.elements({ clientSecret: secret, appearance: appearance() });
  const fields = elements.create("payment");
  fields.on("ready", ready);
  fields.on("loaderror", () => {
    status.textContent = "";
    showProblem(status.dataset.unreachable);
  });
  fields.mount("[data-card-fields]");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    problem.hidden = true;
    status.textContent = status.dataset.working;
    const { error } = await confirm(stripe, elements);
    if (error) {
      ready();
      showProblem(error.message);
      return;
    }
    window.location.assign(returnUrl);
  });
}

start();
