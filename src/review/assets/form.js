// The values of a record: what the person changed, and how each field stands.

import { make } from "./elements.js";

const STATES = {
  wrong: { sign: "✕", words: "wrong" },
  check: { sign: "?", words: "to check" },
  person: { sign: "✎", words: "by a person" },
  page: { sign: "✓", words: "on the page" },
  arithmetic: { sign: "Σ", words: "by arithmetic" },
  einvoice: { sign: "e", words: "from the e-invoice" },
  empty: { sign: "–", words: "none" },
};
const MOST_UNDONE = 200;

const cellOf = (view) => ({ text: view.value ?? "", was: view.value ?? "", confirmed: false, place: null });

export class Form {
  // `hooks`: changed() after a change, focused(view, cell) at a field.
  constructor(record, draft, hooks) {
    this.record = record;
    this.hooks = hooks;
    this.isFixed = record.fixed !== null;
    this.views = new Map();
    this.take(record.checked);
    for (const cell of draft?.scalars ?? []) this.refreshCell(cell);
    this.model = draft ?? {
      scalars: record.checked.fields.map((view) => ({ path: view.path, ...cellOf(view) })),
      lists: record.checked.lists.map((list) => ({
        path: list.path,
        lines: list.lines.map((line, from) => ({ from, cells: line.map(cellOf) })),
      })),
    };
    this.undone = [];
    this.inputs = [];
    this.current = null;
    this.isRemembered = false;
    // Texts by path when they were checked last.
    this.texts = new Map();
    this.build();
    this.refresh();
  }

  // Edits of a value that is another one by now are left out.
  refreshCell(cell) {
    const view = this.views.get(cell.path);
    if (view && cell.was !== (view.value ?? "")) Object.assign(cell, cellOf(view));
  }

  take(checked) {
    this.views.clear();
    const all = [...checked.fields, ...checked.lists.flatMap((list) => list.lines.flat())];
    for (const view of all) this.views.set(view.path, view);
  }

  // --- what is sent ---

  edits() {
    const edits = { lines: {}, values: [] };
    const isChanged = (cell) => cell.confirmed || cell.text !== cell.was;
    for (const cell of this.model.scalars) {
      if (isChanged(cell)) edits.values.push([cell.path, cell.text]);
    }
    this.model.lists.forEach((list, which) => {
      const before = this.record.checked.lists[which].lines.length;
      const lines = list.lines.filter((line) => line.from !== null || line.cells.some((cell) => cell.text !== ""));
      if (lines.length !== before || lines.some((line, place) => line.from !== place)) {
        edits.lines[list.path] = lines.map((line) => line.from);
      }
      const leaves = this.record.checked.lists[which].columns.map((column) => column.leaf);
      lines.forEach((line, place) => {
        line.cells.forEach((cell, column) => {
          if (isChanged(cell)) edits.values.push([`${list.path}[${place}].${leaves[column]}`, cell.text]);
        });
      });
    });
    return edits;
  }

  isChanged() {
    const edits = this.edits();
    return edits.values.length > 0 || Object.keys(edits.lines).length > 0;
  }

  draft() {
    return this.isChanged() ? this.model : null;
  }

  // --- elements ---

  build() {
    this.scalarRows = this.model.scalars.map((cell, place) => this.scalarRow(cell, place));
    this.tables = this.model.lists.map((list, which) => this.table(list, which));
    this.element = make(
      "div",
      { class: "form" },
      make("div", { class: "fields" }, ...this.scalarRows.map((row) => row.element)),
      ...this.tables.map((table) => table.element),
    );
    this.tables.forEach((_, which) => this.drawLines(which));
  }

  scalarRow(cell, place) {
    const id = `field-${place}`;
    const view = this.views.get(cell.path);
    const input = this.input({ id, "aria-describedby": `${id}-why` }, view?.format, cell, () => cell.path);
    const why = make("p", { class: "why", id: `${id}-why` });
    const element = make("div", { class: "field" }, make("label", { for: id }, view?.label ?? cell.path), input, why);
    return { element, input, why, cell };
  }

  input(attributes, format, cell, path) {
    const input = make("input", {
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      inputmode: format === "amount" || format === "quantity" ? "decimal" : null,
      class: format === "amount" || format === "quantity" ? "number" : null,
      readonly: this.isFixed,
      ...attributes,
    });
    input.value = cell.text;
    input.cell = cell;
    input.path = path;
    input.addEventListener("focus", () => this.focused(input));
    input.addEventListener("input", () => this.typed(input));
    return input;
  }

  table(list, which) {
    const of = this.record.checked.lists[which];
    const heads = of.columns.map((column) => make("th", { scope: "col" }, column.label.replace(/ of the lines$/, "")));
    const body = make("tbody");
    const why = make("div", { class: "line-findings" });
    const add = make("button", { type: "button", class: "quiet", tabindex: "-1", onclick: () => this.addLine(which) }, "Add a line");
    const element = make(
      "section",
      { class: "lines" },
      make("h2", {}, of.label),
      make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "#"), ...heads, make("th", {}))), body),
      why,
      this.isFixed ? null : add,
    );
    return { element, body, why, add, rows: [] };
  }

  drawLines(which) {
    const table = this.tables[which];
    const list = this.model.lists[which];
    const columns = this.record.checked.lists[which].columns;
    table.rows = list.lines.map((line, place) => {
      const inputs = line.cells.map((cell, column) => {
        const path = () => `${list.path}[${this.placeOf(which, line)}].${columns[column].leaf}`;
        const label = `line ${place + 1}: ${columns[column].label.replace(/ of the lines$/, "")}`;
        const input = this.input({ "aria-label": label, id: `line-${which}-${place}-${column}` }, columns[column].format, cell, path);
        input.at = { which, place, column };
        input.addEventListener("paste", (event) => this.paste(event, input));
        return input;
      });
      const remove = this.isFixed
        ? null
        : make("button", { type: "button", class: "quiet", tabindex: "-1", "aria-label": `Remove line ${place + 1}`, title: "Remove (Ctrl+Delete)", onclick: () => this.removeLine(which, place) }, "×");
      const cells = inputs.map((input) => make("td", {}, input));
      const element = make("tr", {}, make("th", { scope: "row" }, String(place + 1)), ...cells, make("td", { class: "remove" }, remove));
      return { element, inputs };
    });
    table.body.replaceChildren(...table.rows.map((row) => row.element));
  }

  // Among the lines that are sent: new ones without a value are not.
  placeOf(which, line) {
    const lines = this.model.lists[which].lines;
    const sent = lines.filter((other) => other === line || other.from !== null || other.cells.some((cell) => cell.text !== ""));
    return sent.indexOf(line);
  }

  // --- states ---

  // `texts`: what `textsNow` said when the check was asked for.
  update(checked, texts) {
    this.take(checked);
    this.texts = texts;
    this.refresh();
  }

  textsNow() {
    return new Map(this.inputs.map((input) => [input.path(), input.cell.text]));
  }

  refresh() {
    for (const row of this.scalarRows) this.showScalar(row);
    this.tables.forEach((table) => this.showTable(table));
    this.inputs = [...this.scalarRows.map((row) => row.input), ...this.tables.flatMap((table) => table.rows.flatMap((row) => row.inputs))];
    // Without a line there is no cell in which Enter adds one.
    for (const table of this.tables) table.add.tabIndex = table.rows.length === 0 ? 0 : -1;
    for (const input of this.inputs) {
      const focused = input === document.activeElement;
      input.tabIndex = focused || this.needsWork(input) ? 0 : -1;
    }
  }

  stateOf(input) {
    return this.views.get(input.path())?.state ?? "empty";
  }

  showScalar({ element, input, why, cell }) {
    const view = this.views.get(cell.path);
    const state = view?.state ?? "empty";
    element.dataset.state = state;
    input.setAttribute("aria-invalid", state === "wrong");
    const parts = [make("span", { class: "sign", "aria-hidden": "true" }, STATES[state].sign), make("b", {}, STATES[state].words)];
    const said = view ? [...view.why] : [];
    const isChecked = this.texts.get(cell.path) === cell.text;
    if (isChecked && view?.value && cell.text.trim() !== "" && view.value !== cell.text.trim()) said.unshift(`stored as ${view.value}`);
    if (said.length > 0) parts.push(`: ${said.join("; ")}`);
    const read = this.record.read[cell.path];
    if (read !== undefined && !said.some((text) => text.includes(read))) parts.push(make("span", { class: "read" }, ` · read “${read}”`));
    if (cell.text !== cell.was) parts.push(make("span", { class: "read" }, cell.was === "" ? " · was empty" : ` · was “${cell.was}”`));
    why.replaceChildren(...parts);
  }

  showTable(table) {
    const findings = [];
    for (const row of table.rows) {
      for (const input of row.inputs) {
        const view = this.views.get(input.path());
        const state = view?.state ?? "empty";
        input.dataset.state = state;
        input.parentElement.dataset.sign = state === "empty" ? "" : STATES[state].sign;
        input.setAttribute("aria-invalid", state === "wrong");
        const why = view ? `${STATES[state].words}: ${view.why.join("; ")}` : "";
        input.title = why;
        input.setAttribute("aria-description", why);
        if (state === "wrong") findings.push(...view.why);
      }
    }
    table.why.replaceChildren(...findings.map((text) => make("p", { class: "why" }, make("span", { class: "sign", "aria-hidden": "true" }, STATES.wrong.sign), text)));
  }

  needsWork(input) {
    const state = this.stateOf(input);
    const isTouched = input.cell.confirmed || input.cell.text !== input.cell.was;
    return state === "wrong" || (state === "check" && !isTouched);
  }

  work() {
    return this.inputs.filter((input) => this.needsWork(input)).length;
  }

  // --- changes ---

  remember() {
    this.undone.push(structuredClone(this.model));
    if (this.undone.length > MOST_UNDONE) this.undone.shift();
  }

  undo() {
    const before = this.undone.pop();
    if (!before) return false;
    const at = this.current ? this.inputs.indexOf(this.current) : -1;
    this.isRemembered = false;
    this.model = before;
    this.model.scalars.forEach((cell, place) => {
      const row = this.scalarRows[place];
      row.cell = row.input.cell = cell;
      row.input.value = cell.text;
      row.input.path = () => cell.path;
    });
    this.tables.forEach((_, which) => this.drawLines(which));
    this.changed();
    const input = this.inputs[Math.min(at, this.inputs.length - 1)];
    input?.focus();
    input?.select();
    return true;
  }

  changed() {
    this.refresh();
    this.hooks.changed();
  }

  focused(input) {
    this.current = input;
    this.isRemembered = false;
    this.hooks.focused(this.views.get(input.path()), input.cell);
    for (const other of this.inputs) other.tabIndex = other === input || this.needsWork(other) ? 0 : -1;
    input.select();
  }

  // The typing into one field is undone at once.
  typed(input) {
    if (!this.isRemembered) this.remember();
    this.isRemembered = true;
    input.cell.text = input.value;
    input.cell.confirmed = false;
    input.cell.place = null;
    this.changed();
  }

  // Puts words of the page into the field that was focused last.
  fill(text, place) {
    const input = this.current;
    if (!input || this.isFixed) return false;
    this.remember();
    input.cell.text = input.value = text;
    input.cell.place = place;
    this.changed();
    // A field that has the focus already gets no event.
    if (document.activeElement === input) this.focused(input);
    else input.focus();
    return true;
  }

  confirm(input) {
    if (this.isFixed || this.stateOf(input) !== "check") return;
    this.remember();
    input.cell.confirmed = true;
    this.changed();
  }

  emptyLine(which) {
    return { from: null, cells: this.record.checked.lists[which].columns.map(() => ({ text: "", was: "", confirmed: false, place: null })) };
  }

  addLine(which) {
    this.remember();
    this.model.lists[which].lines.push(this.emptyLine(which));
    this.drawLines(which);
    this.changed();
    this.tables[which].rows.at(-1).inputs[0].focus();
  }

  removeLine(which, place) {
    this.remember();
    this.model.lists[which].lines.splice(place, 1);
    this.drawLines(which);
    this.changed();
    const rows = this.tables[which].rows;
    (rows[Math.min(place, rows.length - 1)]?.inputs[0] ?? this.scalarRows.at(-1)?.input)?.focus();
  }

  fillDown(input) {
    const { which, place, column } = input.at;
    if (place === 0) return;
    this.remember();
    input.cell.text = input.value = this.model.lists[which].lines[place - 1].cells[column].text;
    this.changed();
  }

  // Cells of a spreadsheet: lines end with a line break, cells with a tab.
  paste(event, input) {
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    if (this.isFixed || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    this.remember();
    const { which, place, column } = input.at;
    const lines = this.model.lists[which].lines;
    text.split("\n").forEach((row, down) => {
      while (lines.length <= place + down) lines.push(this.emptyLine(which));
      row.split("\t").forEach((value, across) => {
        const cell = lines[place + down].cells[column + across];
        if (cell) cell.text = value.trim();
      });
    });
    this.drawLines(which);
    this.changed();
    this.tables[which].rows[place].inputs[column].focus();
  }

  // --- the focus ---

  // The next field that needs work; false: there is none.
  nextWork(input) {
    const start = input ? this.inputs.indexOf(input) + 1 : 0;
    const after = [...this.inputs.slice(start), ...this.inputs.slice(0, start)];
    const next = after.find((other) => other !== input && this.needsWork(other));
    next?.focus();
    return next !== undefined;
  }

  neighbour(input, by) {
    const { which, place, column } = input.at ?? {};
    const below = input.at ? this.tables[which].rows[place + by]?.inputs[column] : undefined;
    const edge = input.at ? this.tables[which].rows.at(by > 0 ? -1 : 0).inputs.at(by > 0 ? -1 : 0) : input;
    return below ?? this.inputs[this.inputs.indexOf(edge) + by];
  }

  isLastCell(input) {
    if (!input.at) return false;
    const rows = this.tables[input.at.which].rows;
    return rows.at(-1).inputs.at(-1) === input;
  }

  // Whether the key was one of the form's.
  key(event) {
    const input = event.target;
    if (!this.inputs.includes(input)) return false;
    const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
    if (isPlain && event.key === "Enter") {
      if (!this.isFixed && this.isLastCell(input) && !this.needsWork(input)) this.addLine(input.at.which);
      else {
        this.confirm(input);
        if (!this.nextWork(input)) this.hooks.done();
      }
    } else if (isPlain && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      this.neighbour(input, event.key === "ArrowDown" ? 1 : -1)?.focus();
    } else if (event.ctrlKey && event.key === "d" && input.at && !this.isFixed) {
      this.fillDown(input);
    } else if (event.ctrlKey && event.key === "Delete" && input.at && !this.isFixed) {
      this.removeLine(input.at.which, input.at.place);
    } else return false;
    return true;
  }
}
