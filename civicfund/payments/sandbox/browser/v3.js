// The part of Stripe.js that our pages use, served by the payment sandbox in its place.
// https://docs.stripe.com/js: same names, same promises. Card numbers stay in the frame, which
// comes from the sandbox's own origin, so the page around it never sees them.
(() => {
  "use strict";

  const origin = new URL(document.currentScript.src).origin;
  const kinds = {
    setup: { path: "setup_intents", name: "setup_intent", result: "setupIntent" },
    payment: { path: "payment_intents", name: "payment_intent", result: "paymentIntent" },
  };

  class Frame {
    constructor(publishableKey, options) {
      this.greeting = { publishableKey, appearance: options.appearance || {} };
      this.listeners = {};
      this.waiting = new Map();
      this.count = 0;
      this.ready = new Promise((resolve) => {
        this.isReady = resolve;
      });
    }

    mount(target) {
      const place = typeof target === "string" ? document.querySelector(target) : target;
      if (!place) throw new Error(`There is no element ${target} to mount the card fields in.`);
      this.frame = document.createElement("iframe");
      this.frame.title = "Card details";
      this.frame.src = `${origin}/elements/card`;
      Object.assign(this.frame.style, {
        border: "0",
        display: "block",
        height: "20rem",
        width: "100%",
      });
      this.onMessage = (event) => this.hear(event);
      window.addEventListener("message", this.onMessage);
      place.replaceChildren(this.frame);
    }

    unmount() {
      window.removeEventListener("message", this.onMessage);
      this.frame.remove();
    }

    on(name, listener) {
      (this.listeners[name] ||= []).push(listener);
      return this;
    }

    focus() {
      this.ask("focus", {});
    }

    hear(event) {
      if (event.origin !== origin || event.source !== this.frame.contentWindow) return;
      const { type, id, detail } = event.data;
      if (type === "hello") {
        this.frame.contentWindow.postMessage({ type: "greeting", detail: this.greeting }, origin);
      } else if (type === "size") {
        this.frame.style.height = `${detail.height}px`;
      } else if (type === "answer") {
        this.waiting.get(id)?.(detail);
        this.waiting.delete(id);
      } else {
        if (type === "ready") this.isReady();
        for (const listener of this.listeners[type] || []) listener(detail);
      }
    }

    async ask(type, detail) {
      await this.ready;
      const id = ++this.count;
      const answer = new Promise((resolve) => this.waiting.set(id, resolve));
      this.frame.contentWindow.postMessage({ type, id, detail }, origin);
      return answer;
    }
  }

  class Elements {
    constructor(publishableKey, options) {
      this.publishableKey = publishableKey;
      this.options = options;
      this.element = null;
    }

    create(type) {
      if (type !== "payment") throw new Error(`The sandbox has no element of type ${type}.`);
      this.element = new Frame(this.publishableKey, this.options);
      return this.element;
    }

    getElement() {
      return this.element;
    }

    async submit() {
      return this.element.ask("validate", {});
    }
  }

  function idOf(clientSecret) {
    return clientSecret.split("_secret_")[0];
  }

  function goTo(address) {
    window.location.assign(address);
    return new Promise(() => {}); // the page is leaving: Stripe.js does not settle either
  }

  function comeBack(kind, intent, returnUrl) {
    const address = new URL(returnUrl);
    address.searchParams.set(kind.name, intent.id);
    address.searchParams.set(`${kind.name}_client_secret`, intent.client_secret);
    address.searchParams.set("redirect_status", "succeeded");
    return goTo(address.href);
  }

  class Client {
    constructor(publishableKey) {
      if (!/^pk_test_/.test(publishableKey)) {
        throw new Error("The sandbox needs a publishable test key (pk_test_…).");
      }
      this.publishableKey = publishableKey;
    }

    elements(options = {}) {
      return new Elements(this.publishableKey, options);
    }

    confirmSetup(options) {
      return this.confirm(kinds.setup, options);
    }

    confirmPayment(options) {
      return this.confirm(kinds.payment, options);
    }

    retrieveSetupIntent(clientSecret) {
      return this.retrieve(kinds.setup, clientSecret);
    }

    retrievePaymentIntent(clientSecret) {
      return this.retrieve(kinds.payment, clientSecret);
    }

    async confirm(kind, { elements, clientSecret, confirmParams = {}, redirect = "always" }) {
      const secret = clientSecret || elements.options.clientSecret;
      const returnUrl = confirmParams.return_url;
      if (redirect === "always" && !returnUrl) throw new Error("confirmParams needs a return_url.");
      const answer = await elements.element.ask("confirm", {
        path: `${kind.path}/${idOf(secret)}/confirm`,
        clientSecret: secret,
        returnUrl: returnUrl || window.location.href,
      });
      if (answer.error) return { error: answer.error };
      const intent = answer.intent;
      if (intent.status === "requires_action") {
        return goTo(intent.next_action.redirect_to_url.url);
      }
      if (redirect === "always") return comeBack(kind, intent, returnUrl);
      return { [kind.result]: intent };
    }

    async retrieve(kind, clientSecret) {
      const query = new URLSearchParams({ client_secret: clientSecret });
      const response = await fetch(`${origin}/v1/${kind.path}/${idOf(clientSecret)}?${query}`, {
        headers: { Authorization: `Bearer ${this.publishableKey}` },
      });
      const body = await response.json();
      return response.ok ? { [kind.result]: body } : { error: body.error };
    }
  }

  window.Stripe = (publishableKey) => new Client(publishableKey);
})();
