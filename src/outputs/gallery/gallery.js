"use strict";
// Pages as the program wrote them: see `Entry` in src/outputs/gallery/mod.rs.
const pages = JSON.parse(document.getElementById("data").textContent);
const STEP = 200;
let only = null; // Places in `pages` of what one page is similar to.
let shown = STEP;

const fold = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

function element(name, text, className) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function choices(id, values) {
  for (const value of [...new Set(values)].filter(Boolean).sort()) {
    const option = element("option", value);
    option.value = value;
    document.getElementById(id).append(option);
  }
}

// As typed, such as `302.26`, or its words, such as those of `scan-2.png`.
function has(text, word) {
  const parts = word.split(/[^\p{L}\p{N}]+/u);
  return text.includes(word) || parts.every(part => text.includes(part));
}

function found() {
  const words = fold(document.getElementById("query").value).split(/\s+/).filter(Boolean);
  const chosen = id => document.getElementById(id).value;
  const fits = page =>
    words.every(word => has(page.text, word)) &&
    (!chosen("type") || page.type === chosen("type")) &&
    (!chosen("status") || page.status === chosen("status")) &&
    (!chosen("finding") || page.findings.includes(chosen("finding")));
  return only ? only.map(place => pages[place]) : pages.filter(fits);
}

function card(page) {
  const article = element("article");
  if (page.image) {
    const image = element("img");
    image.src = page.image;
    image.alt = `page ${page.page} of ${page.name}`;
    image.loading = "lazy";
    article.append(image);
  } else {
    const why = page.is_xml ? "An e-invoice in XML has no image." : "The page cannot be drawn.";
    article.append(element("p", why, "note"));
  }
  article.append(element("h2", page.name));
  article.append(element("p", `record ${page.record ?? "-"}, page ${page.page}, ${page.type ?? "unknown type"}, ${page.status ?? "-"}`, "note"));
  for (const line of page.values) article.append(element("p", line));
  if (page.findings.length) article.append(element("p", `⚠ ${page.findings.join(", ")}`, "flag"));
  const button = (text, places) => {
    const made = element("button", text);
    made.type = "button";
    made.addEventListener("click", () => { only = places; shown = STEP; draw(); scrollTo(0, 0); });
    article.append(made, " ");
  };
  if (page.similar.length) button("Similar pages", page.similar);
  if (page.captures.length) button("Other captures of this document", page.captures);
  return article;
}

function draw() {
  const all = found();
  const main = document.getElementById("pages");
  main.replaceChildren(...all.slice(0, shown).map(card));
  if (all.length > shown) {
    const more = element("button", `Show ${Math.min(STEP, all.length - shown)} more`);
    more.addEventListener("click", () => { shown += STEP; draw(); });
    main.append(more);
  }
  const count = document.getElementById("count");
  count.textContent = `${all.length} of ${pages.length} ${pages.length === 1 ? "page" : "pages"}`;
  if (only) {
    const back = element("button", "Show all");
    back.type = "button";
    back.addEventListener("click", () => { only = null; draw(); });
    count.append(" ", back);
  }
}

choices("type", pages.map(page => page.type));
choices("status", pages.map(page => page.status));
choices("finding", pages.flatMap(page => page.findings));
const filters = document.getElementById("filters");
filters.addEventListener("input", () => { only = null; shown = STEP; draw(); });
filters.addEventListener("submit", event => event.preventDefault());
draw();
