// Which page is shown, what comes next, and the keys that work everywhere.

import * as api from "./api.js";
import { say } from "./elements.js";
import * as queuePage from "./queue.js";
import { RecordPage } from "./record.js";
import * as upload from "./upload.js";

const main = document.getElementById("main");
const keys = document.getElementById("keys");
const left = document.getElementById("left");

// Numbers of records still to do, in the queue's order.
let order = [];
let shown = null;
// Edits of records that were left without saving, by record.
const drafts = new Map();

function show(element) {
  main.replaceChildren(element);
  main.scrollTop = 0;
}

async function readQueue() {
  const queue = await api.get("/api/queue");
  order = queuePage.order(queue, session.user);
  left.textContent = queue.left === 0 ? "nothing left" : `${queue.left} left`;
  return queue;
}

async function openQueue() {
  leave();
  await api.post("/api/unlock", {});
  const queue = await readQueue();
  show(queuePage.render(queue));
  document.title = "docmill review";
  (main.querySelector("a") ?? main).focus();
}

function leave() {
  if (!shown) return;
  const draft = shown.draft();
  if (draft) drafts.set(shown.id, draft);
  else drafts.delete(shown.id);
  shown.close();
  shown = null;
}

async function openRecord(id) {
  leave();
  const page = new RecordPage(id, session, { decided, step, reopen });
  shown = page;
  const record = await api.record(id);
  if (shown !== page) return;
  show(page.render(record, drafts.get(id)));
  document.title = `${record.file} – docmill review`;
  await page.start();
  const next = order[order.indexOf(id) + 1];
  if (next !== undefined) api.preload(next);
}

// The record no longer needs review: the next one takes its place.
async function decided(id) {
  drafts.delete(id);
  shown?.close();
  shown = null;
  const place = Math.max(order.indexOf(id), 0);
  const queue = readQueue();
  const next = order.filter((other) => other !== id)[place];
  if (next !== undefined) {
    location.hash = `record/${next}`;
    await queue;
    return;
  }
  await queue;
  location.hash = order.length > 0 ? `record/${order[0]}` : "";
}

function step(id, by) {
  const place = order.indexOf(id);
  const next = order[place + by];
  if (next === undefined) say(by > 0 ? "This is the last record." : "This is the first record.");
  else location.hash = `record/${next}`;
}

// The record has another number now.
function reopen(id, made, draft = null) {
  drafts.delete(id);
  if (draft) drafts.set(made, draft);
  shown?.close();
  shown = null;
  order = order.map((other) => (other === id ? made : other));
  history.replaceState(null, "", `#record/${made}`);
  route();
}

async function route() {
  say("");
  const found = /^#record\/(\d+)$/.exec(location.hash);
  try {
    if (!found) return await openQueue();
    if (order.length === 0) await readQueue();
    await openRecord(Number(found[1]));
  } catch (error) {
    if (error.status === 404 && found) {
      // Somebody settled it: the queue says what is left.
      history.replaceState(null, "", "#");
      await openQueue();
    }
    say(error.message, true);
  }
}

document.getElementById("show-keys").addEventListener("click", () => keys.showModal());

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  const isTyping = event.target.matches?.("input, textarea");
  if (event.key === "F1" || (event.key === "?" && !isTyping)) {
    event.preventDefault();
    keys.showModal();
    return;
  }
  shown?.key(event);
  if (event.key === "Escape" && !event.defaultPrevented && location.hash) {
    event.preventDefault();
    location.hash = "";
  }
});

addEventListener("hashchange", route);
addEventListener("beforeunload", (event) => {
  if (drafts.size > 0 || shown?.draft()) event.preventDefault();
});
addEventListener("unhandledrejection", (event) => say(event.reason?.message ?? String(event.reason), true));

const session = await api.begin();
document.getElementById("user").textContent = session.role ? `${session.user}, ${session.role}` : session.user;
if (session.role) {
  const signOut = document.getElementById("sign-out");
  signOut.hidden = false;
  signOut.addEventListener("click", async () => {
    await api.post("/api/sign-out", {});
    location.assign("/");
  });
}
if (session.uploads) upload.begin();
route();
