// What approved bills say about the seller, and corrections that hold for its other
// records too.

import * as api from "./api.js";
import { make } from "./elements.js";

const LAST_TOTALS = 5;

// `card`: null where nothing is known.
export function card(card) {
  if (!card) return null;
  const others = card.names.filter((name) => name !== card.name);
  const codes = Object.entries(card.tax_codes).map(([rate, code]) => `${rate} %: ${code}`);
  const rows = [
    ["IBAN", card.ibans.join(", ") || "none"],
    ["VAT ID", card.vat_ids.join(", ")],
    ["also called", others.join(", ")],
    ["currency", card.currency],
    ["numbers", card.number_form],
    ["dates", card.date_order && `${card.date_order} first`],
    ["decimals after", card.decimal_sign],
    ["last totals", card.last_totals.slice(0, LAST_TOTALS).join(" · ")],
    ["account", card.account],
    ["tax codes", codes.join(" · ")],
  ];
  const known = rows.filter(([, value]) => value);
  const bills = card.bills === 1 ? "1 approved bill" : `${card.bills} approved bills`;
  return make(
    "section",
    { class: "supplier", "aria-label": "Supplier" },
    make("h2", {}, `${card.name} `, make("span", { class: "count" }, bills)),
    make("dl", {}, ...known.map(([label, value]) => make("div", {}, make("dt", {}, label), make("dd", {}, value)))),
  );
}

// Asks which corrections of record `made` the supplier's other records get too. Returns
// what was done, in words; empty where nothing was.
export function askForOthers(made, offers) {
  if (offers.length === 0) return Promise.resolve("");
  return new Promise((resolve) => {
    let done = "";
    const boxes = offers.map((offer, place) => make("input", { type: "checkbox", id: `other-${place}`, checked: true }));
    const rows = offers.map((offer, place) => {
      const records = offer.records === 1 ? "in the other waiting record" : `in the other ${offer.records} waiting records`;
      const change = ` ${offer.before ?? "nothing"} → ${offer.after ?? "nothing"} ${records}`;
      return make("div", { class: "choice" }, boxes[place], make("label", { for: `other-${place}` }, make("b", {}, offer.label), change));
    });
    const error = make("p", { class: "need blocked", role: "alert" });
    const apply = make("button", { class: "primary" }, "Apply ", make("kbd", {}, "Enter"));
    const leave = make("button", { type: "button", onclick: () => dialog.close() }, "Not now ", make("kbd", {}, "Esc"));
    const form = make("form", { onsubmit: (event) => send(event) }, make("fieldset", {}, make("legend", {}, "The same correction"), ...rows), error, make("div", { class: "buttons" }, apply, leave));
    const closed = () => {
      dialog.remove();
      resolve(done);
    };
    const dialog = make("dialog", { class: "aside", "aria-labelledby": "others-title", onclose: closed }, make("h2", { id: "others-title" }, "Other records of this supplier"), form);

    async function send(event) {
      event.preventDefault();
      apply.disabled = true;
      try {
        for (const [place, offer] of offers.entries()) {
          if (!boxes[place].checked) continue;
          const answer = await api.post(`/api/records/${made}/correct-others`, { field: offer.field });
          boxes[place].checked = false;
          done += ` ${offer.label}: ${answer.done}`;
        }
        dialog.close();
      } catch (refusal) {
        error.textContent = refusal.message;
      } finally {
        apply.disabled = false;
      }
    }

    document.body.append(dialog);
    dialog.showModal();
    apply.focus();
  });
}
