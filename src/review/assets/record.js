// One record: its page beside its values, the decision, and the history.

import * as api from "./api.js";
import * as aside from "./aside.js";
import { make, say } from "./elements.js";
import { Form } from "./form.js";
import { Sheet } from "./sheet.js";
import * as supplier from "./supplier.js";

const CHECK_AFTER = 150;
const RENEW_LOCK = 30_000;

export class RecordPage {
  // `hooks`: decided(id), step(id, by), reopen(id, made).
  constructor(id, session, hooks) {
    this.id = id;
    this.session = session;
    this.hooks = hooks;
    this.asked = 0;
    this.isOpen = true;
    this.isBusy = false;
  }

  render(record, draft) {
    this.record = record;
    this.checked = record.checked;
    this.sheet = new Sheet(record, (words, place) => this.picked(words, place));
    this.form = new Form(record, draft, {
      changed: () => this.changed(),
      focused: (view, cell) => this.focused(view, cell),
      done: () => this.approve.focus(),
    });
    this.findings = make("ul", { class: "findings", "aria-label": "Findings about the record" });
    this.reason = make("input", { id: "reason", type: "text", autocomplete: "off", maxlength: "500" });
    this.need = make("p", { id: "need", class: "need" });
    this.reason.setAttribute("aria-describedby", "need");
    this.approve = make("button", { type: "button", class: "primary", "aria-keyshortcuts": "Control+Enter", onclick: () => this.decide(true) }, "Approve and next ", make("kbd", {}, "Ctrl Enter"));
    this.save = make("button", { type: "button", tabindex: "-1", "aria-keyshortcuts": "Control+S", onclick: () => this.decide(false) }, "Save ", make("kbd", {}, "Ctrl S"));
    this.other = make("button", { type: "button", tabindex: "-1", "aria-keyshortcuts": "F8", onclick: () => this.setAside() }, "Reject, postpone … ", make("kbd", {}, "F8"));
    this.open = make("button", { type: "button", class: "primary", onclick: () => this.openAgain() }, "Open again");
    this.skip = make("button", { type: "button", tabindex: "-1", "aria-keyshortcuts": "Control+ArrowRight", onclick: () => this.hooks.step(this.id, 1) }, "Skip ", make("kbd", {}, "Ctrl →"));
    const side = make(
      "section",
      { class: "side", "aria-label": "Values" },
      make("h1", {}, `${record.type ?? "unknown type"} ${this.id}`, make("span", { class: "file", title: record.paths.join("\n") }, record.file)),
      record.fixed ? make("p", { class: "fixed" }, `The values cannot be changed here: ${record.fixed.replace("ID", this.id)}`) : null,
      record.aside ? make("p", { class: "fixed" }, `${aside.inWords(record.aside)} by ${record.aside.by}: ${record.aside.reason}`) : null,
      record.approved_by ? make("p", { class: "fixed" }, `${record.approved_by} approved it. It needs a second person.`) : null,
      this.duplicate(),
      supplier.card(record.supplier),
      this.findings,
      this.form.element,
      this.history(),
      make(
        "div",
        { class: "decision" },
        this.need,
        make("label", { for: "reason" }, "Reason"),
        this.reason,
        make("div", { class: "buttons" }, ...(record.aside ? [this.open] : [this.approve, this.save, this.other]), this.skip),
      ),
    );
    this.element = make("div", { class: "record" }, this.sheet.element, side);
    this.showChecked();
    return this.element;
  }

  async start() {
    this.sheet.start();
    if (this.record.aside) this.reason.focus();
    else if (!this.form.nextWork(null)) this.approve.focus();
    if (this.form.isChanged()) this.changed();
    this.renewal = setInterval(() => this.lock().catch((error) => say(error.message, true)), RENEW_LOCK);
    await this.lock();
  }

  close() {
    this.isOpen = false;
    clearInterval(this.renewal);
    clearTimeout(this.timer);
    this.sheet?.close();
    api.forget(this.id);
  }

  draft() {
    return this.form?.draft() ?? null;
  }

  async lock() {
    try {
      await api.post(`/api/records/${this.id}/lock`, {});
      if (this.isLocked) say("The record is free again.");
      this.isLocked = false;
    } catch (error) {
      this.isLocked = error.status === 409;
      throw error;
    } finally {
      this.element.classList.toggle("locked", this.isLocked);
    }
  }

  // --- live checks ---

  changed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), CHECK_AFTER);
  }

  async check() {
    const asked = ++this.asked;
    const texts = this.form.textsNow();
    try {
      const checked = await api.post(`/api/records/${this.id}/check`, this.form.edits());
      if (!this.isOpen || asked !== this.asked) return;
      this.checked = checked;
      this.form.update(checked, texts);
      this.showChecked();
      if (document.getElementById("status").classList.contains("error") && !this.isLocked) say("");
    } catch (error) {
      say(error.message, true);
    }
  }

  showChecked() {
    const { findings, failed, unusable } = this.checked;
    this.findings.replaceChildren(
      ...findings.map((finding) => make("li", { class: finding.severity }, make("b", {}, finding.code.replaceAll("_", " ")), ` ${finding.message}`)),
    );
    this.findings.hidden = findings.length === 0;
    const work = this.form.work();
    const left = work === 0 ? "Every field is settled." : work === 1 ? "1 field to check." : `${work} fields to check.`;
    const blocked = unusable ?? (failed.length > 0 ? `Approving needs a reason: ${failed.length === 1 ? failed[0] : `${failed.length} checks fail`}.` : null);
    this.need.textContent = blocked ? `${left} ${blocked}` : left;
    this.need.classList.toggle("blocked", blocked !== null);
    this.reason.required = failed.length > 0;
  }

  // --- the page ---

  focused(view, cell) {
    const place = cell.place ?? (view && { page: view.page, box: view.bbox });
    this.sheet.point(place?.page, place?.box);
    if (cell.text === "" || place?.box) this.sheet.say("");
    else this.sheet.say(view?.state === "person" ? "entered by a person" : "not found on the page");
  }

  picked(words, place) {
    if (!this.form.fill(words, place)) say("Choose a field first, then its words on the page.");
  }

  // --- decisions ---

  async decide(approve) {
    if (this.isBusy || !this.record || this.record.aside) return;
    const reason = this.reason.value.trim();
    clearTimeout(this.timer);
    if (approve && reason === "") {
      await this.check();
      if (this.checked.failed.length > 0) {
        say("A check fails. Type why the record is right, or correct it.", true);
        this.reason.focus();
        return;
      }
    }
    this.isBusy = true;
    try {
      const made = await api.post(`/api/records/${this.id}/correct`, { edits: this.form.edits(), approve, reason });
      const exported = made.exported.length > 0 ? ` It was exported in ${made.exported.map(({ batch, target }) => `batch ${batch} for ${target}`).join(", ")}: reverse that to export it again.` : "";
      const others = await supplier.askForOthers(made.record, made.others);
      if (made.status === "accepted" || made.status === "needs_second_approval") {
        await this.hooks.decided(this.id);
        say(made.status === "accepted" ? `Record ${this.id} is accepted.${others}${exported}` : `Record ${made.record} needs a second person now: another user must approve it too.${others}${exported}`);
      } else {
        this.hooks.reopen(this.id, made.record);
        say(`${approve ? "The seller's approved bills differ: look at the findings. " : ""}Saved as record ${made.record}.${others}${exported}`, approve);
      }
    } catch (error) {
      if (error.code === "seeded_error") this.seeded(error);
      else say(error.message, true);
    } finally {
      this.isBusy = false;
    }
  }

  // The record was shown with an error: it is shown as it is, with the other edits.
  seeded(error) {
    this.hooks.reopen(this.id, this.id, this.draft());
    say(error.message, true);
  }

  setAside() {
    if (this.isBusy || !this.record || this.record.aside || document.querySelector("dialog.aside")) return;
    const done = async (answer) => {
      await this.hooks.decided(this.id);
      say(answer.done);
    };
    aside.ask(this.id, this.session.types, done, (error) => this.seeded(error));
  }

  async openAgain() {
    try {
      const answer = await aside.decide(this.id, "reopen", this.reason.value);
      this.hooks.reopen(this.id, this.id);
      say(answer.done);
    } catch (error) {
      say(error.message, true);
      this.reason.focus();
    }
  }

  key(event) {
    const isControl = (event.ctrlKey || event.metaKey) && !event.altKey;
    const isAlt = event.altKey && !event.ctrlKey;
    const act =
      isControl && event.key === "Enter" ? () => this.decide(true)
      : event.key === "F8" ? () => this.setAside()
      : isControl && event.key.toLowerCase() === "s" ? () => this.decide(false)
      : isControl && event.key === "ArrowRight" ? () => this.hooks.step(this.id, 1)
      : isControl && event.key === "ArrowLeft" ? () => this.hooks.step(this.id, -1)
      : isControl && event.key.toLowerCase() === "z" && event.target !== this.reason ? () => this.form.undo() || say("Nothing to undo.")
      : isAlt && (event.key === "+" || event.key === "=") ? () => this.sheet.zoomBy(1.25)
      : isAlt && event.key === "-" ? () => this.sheet.zoomBy(0.8)
      : isAlt && event.key === "0" ? () => this.sheet.fit()
      : isAlt && event.key.toLowerCase() === "r" ? () => this.sheet.rotate()
      : event.key === "PageDown" && this.record?.pages.length > 1 ? () => this.sheet.turn(1)
      : event.key === "PageUp" && this.record?.pages.length > 1 ? () => this.sheet.turn(-1)
      : null;
    if (act) {
      event.preventDefault();
      act();
    } else if (this.form?.key(event)) event.preventDefault();
  }

  // --- duplicates and history ---

  duplicate() {
    const other = this.record.duplicate;
    if (!other) return null;
    const cell = (value) => make("td", {}, value || "–");
    const rows = other.rows.map((row) =>
      make("tr", { class: row.differs ? "differs" : null }, make("th", { scope: "row" }, row.label), cell(row.here), cell(row.there), make("td", {}, row.differs ? "≠ differs" : "= same")),
    );
    const pictures = make("div", { class: "pictures" });
    const reason = make("input", { id: "distinct", type: "text", autocomplete: "off", maxlength: "500", placeholder: "two deliveries, for example", tabindex: "-1" });
    const banner = make(
      "section",
      { class: "duplicate", "aria-label": "Possible duplicate" },
      make("h2", {}, `Possible duplicate of ${other.file} `, make("span", { class: "count" }, `record ${other.record}, ${other.status.replaceAll("_", " ")}`)),
      make("table", {}, make("thead", {}, make("tr", {}, ...["", "this record", `record ${other.record}`, ""].map((text) => make("th", { scope: "col" }, text)))), make("tbody", {}, ...rows)),
      pictures,
      make("div", { class: "distinct" }, make("label", { for: "distinct" }, "Why they are two"), reason, make("button", { type: "button", onclick: () => this.distinct(reason.value) }, "Not a duplicate")),
    );
    this.pictures(pictures, other);
    return banner;
  }

  async pictures(element, other) {
    const both = [
      [this.id, this.record.pages[0], "this record"],
      [other.record, other.pages[0], `record ${other.record}`],
    ];
    for (const [record, page, label] of both) {
      if (page === undefined) continue;
      try {
        const image = make("img", { src: await api.image(record, page), alt: `First page of ${label}` });
        element.append(make("figure", {}, image, make("figcaption", {}, label)));
      } catch (error) {
        element.append(make("p", {}, `The page of ${label} cannot be shown: ${error.message}`));
      }
    }
  }

  async distinct(reason) {
    try {
      const made = await api.post(`/api/records/${this.id}/not-duplicate`, { other: this.record.duplicate.record, reason });
      say("Remembered: they are two documents.");
      if (made.status === "accepted") await this.hooks.decided(this.id);
      else this.hooks.reopen(this.id, made.record, this.draft());
    } catch (error) {
      say(error.message, true);
    }
  }

  history() {
    const rows = this.record.history.map((change) => {
      const values = change.field === null ? aside.inWords(change) : change.before === change.after ? `confirmed ${change.after ?? "that there is none"}` : `${change.before ?? "nothing"} → ${change.after ?? "nothing"}`;
      return make(
        "tr",
        {},
        make("td", {}, new Date(change.at).toLocaleString()),
        make("td", {}, change.by),
        make("td", {}, change.field ?? "record"),
        make("td", {}, values),
        make("td", {}, change.reason),
      );
    });
    if (rows.length === 0) return null;
    const head = make("tr", {}, ...["Time", "By", "Field", "Change", "Reason"].map((text) => make("th", { scope: "col" }, text)));
    return make("details", { class: "history" }, make("summary", { tabindex: "-1" }, `History (${rows.length})`), make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  }
}
