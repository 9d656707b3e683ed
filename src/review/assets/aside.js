// A decision that is no approval: the dialog that asks for it, and what it says of
// a record that was set aside.

import * as api from "./api.js";
import { make } from "./elements.js";

const CHOICES = [
  { value: "reject", words: "Reject", means: "it is not paid or booked" },
  { value: "not_a_bill", words: "Not a bill", means: "there is nothing to book" },
  { value: "postpone", words: "Postpone", means: "it comes back" },
  { value: "read-again", words: "Read again", means: "by the next run of docmill," },
];
const POSTPONED_DAYS = 7;

// The day in the person's time zone, as the server takes it.
function day(ahead) {
  const date = new Date();
  date.setDate(date.getDate() + ahead);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

// Asks what becomes of the record. `done` is called with the server's answer, `seeded` where
// the record was shown with an error. `types`: as which it can be read.
export function ask(id, types, done, seeded) {
  const until = make("input", { id: "aside-until", type: "date", min: day(1), value: day(POSTPONED_DAYS), onfocus: () => (radios[2].checked = true) });
  const type = make("select", { id: "aside-type", onfocus: () => (radios[3].checked = true) }, ...types.map((name) => make("option", {}, name)));
  const more = { postpone: ["until ", until], "read-again": ["as ", type] };
  const note = make("input", { id: "aside-note", type: "text", maxlength: "500", autocomplete: "off" });
  const error = make("p", { class: "need blocked", role: "alert" });
  const radios = CHOICES.map(({ value }, place) => make("input", { type: "radio", name: "aside", id: `aside-${value}`, value, checked: place === 0 }));
  const rows = CHOICES.map(({ value, words, means }, place) =>
    make("div", { class: "choice" }, radios[place], make("label", { for: `aside-${value}` }, make("b", {}, words), ` ${means}`), more[value] ? make("span", {}, make("label", { for: more[value][1].id }, more[value][0]), more[value][1]) : null),
  );
  const confirm = make("button", { class: "primary" }, "Confirm ", make("kbd", {}, "Enter"));
  const cancel = make("button", { type: "button", onclick: () => dialog.close() }, "Cancel ", make("kbd", {}, "Esc"));
  const form = make(
    "form",
    { onsubmit: (event) => send(event) },
    make("fieldset", {}, make("legend", {}, "What becomes of it"), ...rows),
    make("label", { for: "aside-note" }, "Note"),
    note,
    error,
    make("div", { class: "buttons" }, confirm, cancel),
  );
  const dialog = make("dialog", { class: "aside", "aria-labelledby": "aside-title", onclose: () => dialog.remove() }, make("h2", { id: "aside-title" }, `Set record ${id} aside`), form);

  async function send(event) {
    event.preventDefault();
    const decision = radios.find((radio) => radio.checked).value;
    confirm.disabled = true;
    try {
      const answer = decision === "read-again" ? await api.post(`/api/records/${id}/read-again`, { type: type.value }) : await decide(id, decision, note.value, decision === "postpone" ? until.value : null);
      dialog.close();
      await done(answer);
    } catch (refusal) {
      if (refusal.code === "seeded_error") {
        dialog.close();
        seeded(refusal);
        return;
      }
      error.textContent = refusal.message;
      note.focus();
    } finally {
      confirm.disabled = false;
    }
  }

  document.body.append(dialog);
  dialog.showModal();
  radios[0].focus();
}

export function decide(id, decision, reason, until = null) {
  return api.post(`/api/records/${id}/decide`, { decision, reason: reason.trim(), until });
}

// `change`: the decision in the record's history.
export function inWords(change) {
  const what = change.decision.replaceAll("_", " ");
  return change.until ? `${what} until ${change.until}` : what;
}
