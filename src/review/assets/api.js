// Requests to the server, and what was fetched before it is needed.

export class ApiError extends Error {
  constructor(message, status, code = null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let csrf = "";

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError("The server does not answer: is docmill review still running? Your changes are kept on this page.", 0);
  }
  if (response.ok) return response;
  const text = await response.text();
  let message = text;
  let code = null;
  try {
    ({ message, code } = JSON.parse(text));
  } catch {
    // Refusals before the routes are plain text.
  }
  throw new ApiError(message || `The server answers ${response.status}.`, response.status, code);
}

export async function get(path) {
  return (await request(path)).json();
}

export async function post(path, body) {
  const headers = { "content-type": "application/json", "x-docmill-csrf": csrf };
  const response = await request(path, { method: "POST", headers, body: JSON.stringify(body) });
  return response.json();
}

export async function upload(file) {
  const headers = { "content-type": "application/octet-stream", "x-docmill-csrf": csrf };
  const path = `/api/documents?name=${encodeURIComponent(file.name)}`;
  const response = await request(path, { method: "POST", headers, body: file });
  return response.json();
}

export async function begin() {
  const session = await get("/api/session");
  csrf = session.csrf;
  return session;
}

// Promises by address, the oldest first.
const kept = new Map();
const MOST_KEPT = 24;

function keep(path, load, discard = () => {}) {
  if (!kept.has(path)) {
    const promise = load();
    kept.set(path, { promise, discard });
    promise.catch(() => kept.delete(path));
    if (kept.size > MOST_KEPT) {
      const [oldest, entry] = kept.entries().next().value;
      kept.delete(oldest);
      entry.promise.then(entry.discard, () => {});
    }
  }
  return kept.get(path).promise;
}

const pagePath = (record, page, what) => `/api/records/${record}/pages/${page}/${what}`;

export function image(record, page) {
  const load = async () => URL.createObjectURL(await (await request(pagePath(record, page, "image"))).blob());
  return keep(pagePath(record, page, "image"), load, URL.revokeObjectURL);
}

export function words(record, page) {
  return keep(pagePath(record, page, "words"), () => get(pagePath(record, page, "words")));
}

export function record(id) {
  return keep(`/api/records/${id}`, () => get(`/api/records/${id}/review`));
}

export function forget(id) {
  kept.delete(`/api/records/${id}`);
}

// What fails now is asked for again, and reported, when it is needed.
export async function preload(id) {
  try {
    const next = await record(id);
    if (next.pages.length > 0) await Promise.all([image(id, next.pages[0]), words(id, next.pages[0])]);
  } catch {
    // See above.
  }
}
