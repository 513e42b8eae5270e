// Hashes, as hexadecimal digits.

export function bytes(hex) {
  return new Uint8Array(hex.match(/../g) || []).map((_, at) => parseInt(hex.substr(2 * at, 2), 16));
}

function hex(buffer) {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function sha256(content) {
  return hex(await crypto.subtle.digest("SHA-256", content));
}

export async function hmac(seed, text) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(seed), algorithm, false, ["sign"]);
  return hex(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
}

// SHA-256 of a value's canonical JSON: keys sorted, no blanks.
export async function digest(value) {
  return sha256(new TextEncoder().encode(canonical(value)));
}

export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const parts = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${parts.join(",")}}`;
}
