// The list of records that need a person.

import { make } from "./elements.js";

export function render(queue) {
  if (queue.left === 0) {
    return make(
      "section",
      { class: "empty" },
      make("h1", {}, "Nothing to review"),
      make("p", {}, "What docmill is not sure of appears here after the next run."),
      waiting(queue),
      make("p", {}, make("a", { href: "#", class: "button", onclick: () => location.reload() }, "Look again")),
    );
  }
  const reasons = queue.reasons.map((reason) =>
    make("li", {}, `${reason.code.replaceAll("_", " ")} `, make("b", {}, String(reason.count))),
  );
  const listed = queue.suppliers.reduce((sum, supplier) => sum + supplier.records.length, 0);
  const rest = queue.left - listed;
  return make(
    "section",
    { class: "queue" },
    make("h1", {}, queue.left === 1 ? "1 record to review" : `${queue.left} records to review`),
    make("ul", { class: "reasons", "aria-label": "Gravest finding, number of records" }, ...reasons),
    ...queue.suppliers.map(supplier),
    rest > 0 ? make("p", {}, `${rest} more follow when these are settled.`) : null,
    waiting(queue),
  );
}

function waiting({ postponed: { records, next }, to_read }) {
  const sentences = [];
  if (records > 0) sentences.push(records === 1 ? `1 record is postponed until ${next}.` : `${records} records are postponed, the next until ${next}.`);
  if (to_read > 0) sentences.push(`The next run of docmill reads ${to_read === 1 ? "1 record" : `${to_read} records`} again.`);
  return sentences.length > 0 ? make("p", { class: "count" }, sentences.join(" ")) : null;
}

function supplier(of) {
  const name = of.name ?? "Supplier not known";
  const head = make("tr", {}, ...["Record", "Document", "Number", "Date", "Total", "Why"].map((text) => make("th", { scope: "col", class: text === "Total" ? "number" : null }, text)));
  return make(
    "section",
    { class: "supplier" },
    make("h2", {}, name, " ", make("span", { class: "count" }, String(of.count))),
    make("table", {}, make("thead", {}, head), make("tbody", {}, ...of.records.map(row))),
  );
}

function row(entry) {
  const why = entry.more > 0 ? `${entry.reason} (and ${entry.more} more)` : entry.reason;
  const locked = entry.locked_by ? make("span", { class: "locked" }, `${entry.locked_by} has it open`) : null;
  const second = entry.approved_by ? make("span", { class: "locked" }, `${entry.approved_by} approved it: needs a second person`) : null;
  return make(
    "tr",
    {},
    make("td", {}, make("a", { href: `#record/${entry.id}`, "aria-label": `Record ${entry.id}, ${entry.file}` }, String(entry.id))),
    make("td", {}, entry.file, locked, second),
    make("td", {}, entry.number ?? "–"),
    make("td", {}, entry.date ?? "–"),
    make("td", { class: "number" }, entry.total || "–"),
    make("td", {}, make("div", { class: "why", title: why }, why)),
  );
}

// Numbers of the records in their order, without those that others have open or
// must approve.
export function order(queue, user) {
  const entries = queue.suppliers.flatMap((of) => of.records);
  return entries.filter((entry) => !entry.locked_by && entry.approved_by !== user).map((entry) => entry.id);
}
