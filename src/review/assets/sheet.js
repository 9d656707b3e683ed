// The page's image: pages, zoom, rotation, the place of a value, and words that
// fill a field.

import * as api from "./api.js";
import { make } from "./elements.js";

// How large (CSS pixels) the text of a place is shown, and how much of the width
// it may fill.
const TEXT_HEIGHT = 26;
const MOST_WIDTH = 0.75;
const ZOOM = { least: 0.5, most: 6, step: 1.25 };

export class Sheet {
  // `pick` is called with the text of words that were clicked, and their place.
  constructor(record, pick) {
    this.record = record;
    this.pick = pick;
    this.place = 0;
    this.zoom = 1;
    this.isZoomedByHand = false;
    this.quarters = 0;
    this.words = [];
    this.target = null;
    this.said = "";
    this.build();
    this.resized = new ResizeObserver(() => this.lay());
    this.resized.observe(this.scroll);
  }

  close() {
    this.resized.disconnect();
  }

  build() {
    const button = (text, label, keys, act) =>
      make("button", { type: "button", "aria-label": label, title: `${label} (${keys})`, tabindex: "-1", onclick: act }, text);
    this.number = make("span", { class: "page-number" });
    this.note = make("span", { class: "note", role: "status" });
    this.image = make("img", { alt: "", draggable: "false", onload: () => this.lay() });
    this.mark = make("div", { class: "mark", hidden: true });
    this.hover = make("div", { class: "hover", hidden: true });
    this.sheet = make("div", { class: "sheet" }, this.image, this.mark, this.hover);
    this.space = make("div", { class: "sheet-space" }, this.sheet);
    this.scroll = make("div", { class: "sheet-scroll" }, this.space);
    const several = this.record.pages.length > 1;
    this.element = make(
      "section",
      { class: "viewer", "aria-label": "Page" },
      make(
        "div",
        { class: "viewer-bar" },
        several ? button("‹", "Previous page", "Page Up", () => this.turn(-1)) : null,
        this.number,
        several ? button("›", "Next page", "Page Down", () => this.turn(1)) : null,
        button("−", "Smaller", "Alt+-", () => this.zoomBy(1 / ZOOM.step)),
        button("+", "Larger", "Alt++", () => this.zoomBy(ZOOM.step)),
        button("↔", "Whole width", "Alt+0", () => this.fit()),
        button("↻", "Rotate", "Alt+R", () => this.rotate()),
        this.note,
      ),
      this.scroll,
    );
    this.sheet.addEventListener("pointerdown", (event) => this.down(event));
    this.sheet.addEventListener("pointermove", (event) => this.move(event));
    this.sheet.addEventListener("pointerup", (event) => this.up(event));
    this.sheet.addEventListener("pointerleave", () => (this.hover.hidden = true));
  }

  async start() {
    await this.load(0);
  }

  async load(place) {
    const page = this.record.pages[place];
    // Nothing is marked on the page before.
    this.image.hidden = place !== this.place;
    this.mark.hidden = true;
    this.place = place;
    this.words = [];
    this.number.textContent = page === undefined ? "no page" : `page ${page + 1}${this.record.pages.length > 1 ? ` (${place + 1} of ${this.record.pages.length})` : ""}`;
    if (page === undefined) return;
    this.note.textContent = "The page is being drawn …";
    this.image.alt = `Page ${page + 1} of ${this.record.file}`;
    try {
      const [image, words] = await Promise.all([api.image(this.record.id, page), api.words(this.record.id, page)]);
      if (this.place !== place) return;
      this.words = words;
      if (this.image.src !== image) this.image.src = image;
      await this.image.decode().catch(() => {});
      if (this.place !== place) return;
      this.image.hidden = false;
      this.note.textContent = this.said;
      this.lay();
      this.aim();
    } catch (error) {
      this.image.removeAttribute("src");
      this.note.textContent = `The page cannot be shown: ${error.message}`;
    }
  }

  async turn(by) {
    const place = this.place + by;
    if (place < 0 || place >= this.record.pages.length) return;
    this.said = "";
    this.target = null;
    await this.load(place);
    this.scroll.scrollTop = 0;
  }

  // Sizes of the sheet, in CSS pixels.
  lay() {
    if (!this.image.naturalWidth) return;
    const ratio = this.image.naturalHeight / this.image.naturalWidth;
    const room = this.scroll.clientWidth - 2;
    const isAcross = this.quarters % 2 === 1;
    const width = (isAcross ? room / ratio : room) * this.zoom;
    const height = width * ratio;
    const style = this.sheet.style;
    style.width = `${width}px`;
    style.height = `${height}px`;
    style.transform = ["none", `translateX(${height}px) rotate(90deg)`, `translate(${width}px, ${height}px) rotate(180deg)`, `translateY(${width}px) rotate(270deg)`][this.quarters];
    this.space.style.width = `${isAcross ? height : width}px`;
    this.space.style.height = `${isAcross ? width : height}px`;
  }

  zoomTo(zoom) {
    this.zoom = Math.min(Math.max(zoom, ZOOM.least), ZOOM.most);
    this.lay();
    this.center();
  }

  zoomBy(factor) {
    this.isZoomedByHand = true;
    this.zoomTo(this.zoom * factor);
  }

  fit() {
    this.isZoomedByHand = false;
    this.zoomTo(1);
  }

  rotate() {
    this.quarters = (this.quarters + 1) % 4;
    this.lay();
    this.center();
  }

  // Shows where a value stands; without a box, that it stands nowhere.
  async point(page, box) {
    this.target = box ? { page, box } : null;
    const place = this.record.pages.indexOf(page);
    if (this.target && place >= 0 && place !== this.place) await this.load(place);
    else this.aim();
  }

  aim() {
    const isHere = this.target?.page === this.record.pages[this.place];
    this.mark.hidden = !this.target || !isHere || !this.image.naturalWidth;
    if (this.mark.hidden) return;
    const [left, top, right, bottom] = this.target.box;
    surround(this.mark, this.target.box);
    if (!this.isZoomedByHand) {
      const width = this.scroll.clientWidth;
      const height = (width * this.image.naturalHeight) / this.image.naturalWidth;
      const fitting = Math.min(TEXT_HEIGHT / ((bottom - top) * height), MOST_WIDTH / (right - left));
      this.zoom = Math.min(Math.max(fitting, 1), 3);
      this.lay();
    }
    this.center();
  }

  center() {
    if (this.mark.hidden) return;
    const mark = this.mark.getBoundingClientRect();
    const view = this.scroll.getBoundingClientRect();
    this.scroll.scrollTop += (mark.top + mark.bottom - view.top - view.bottom) / 2;
    this.scroll.scrollLeft += (mark.left + mark.right - view.left - view.right) / 2;
  }

  // Stays until another text, also while a page is drawn.
  say(text) {
    this.said = this.note.textContent = text;
  }

  // Where the pointer is, in shares of the upright page.
  at(event) {
    const box = this.sheet.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = (event.clientY - box.top) / box.height;
    return [
      [x, y],
      [y, 1 - x],
      [1 - x, 1 - y],
      [1 - y, x],
    ][this.quarters];
  }

  wordAt([x, y]) {
    return this.words.find(({ bbox: [left, top, right, bottom] }) => {
      const margin = (bottom - top) / 4;
      return x >= left && x <= right && y >= top - margin && y <= bottom + margin;
    });
  }

  down(event) {
    if (event.button !== 0) return;
    // The field keeps the focus.
    event.preventDefault();
    this.from = this.at(event);
    this.sheet.setPointerCapture(event.pointerId);
  }

  move(event) {
    const here = this.at(event);
    const word = this.wordAt(here);
    const box = this.from ? rectangle(this.from, here) : word?.bbox;
    this.hover.hidden = !box;
    if (box) surround(this.hover, box);
  }

  up(event) {
    if (!this.from) return;
    const box = rectangle(this.from, this.at(event));
    const clicked = this.wordAt(this.from);
    this.from = null;
    this.hover.hidden = true;
    const dragged = this.words.filter(({ bbox }) => isInside(bbox, box));
    const words = dragged.length > 0 ? inReadingOrder(dragged) : clicked ? [clicked] : [];
    if (words.length === 0) return this.say("There is no text here.");
    const boxes = words.map((word) => word.bbox);
    const around = [0, 1].map((side) => Math.min(...boxes.map((b) => b[side])));
    around.push(...[2, 3].map((side) => Math.max(...boxes.map((b) => b[side]))));
    this.pick(words.map((word) => word.text).join(" "), { page: this.record.pages[this.place], box: around });
  }
}

// Places an element around a box of the sheet.
function surround(element, [left, top, right, bottom]) {
  element.style.left = `${100 * left}%`;
  element.style.top = `${100 * top}%`;
  element.style.width = `${100 * (right - left)}%`;
  element.style.height = `${100 * (bottom - top)}%`;
}

function rectangle([x0, y0], [x1, y1]) {
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
}

function isInside([left, top, right, bottom], box) {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];
}

function inReadingOrder(words) {
  const middle = ({ bbox }) => (bbox[1] + bbox[3]) / 2;
  const lines = [];
  for (const word of [...words].sort((a, b) => middle(a) - middle(b))) {
    const line = lines.at(-1);
    const height = word.bbox[3] - word.bbox[1];
    if (line && middle(word) - middle(line[0]) < height / 2) line.push(word);
    else lines.push([word]);
  }
  return lines.flatMap((line) => line.sort((a, b) => a.bbox[0] - b.bbox[0]));
}
