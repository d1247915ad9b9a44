// One cursor for a whole stage: point at a tile of any sheet, and the same tile lights up in all of them.

import { clamp } from "./dom.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Cursor {
  // sheets(): those on the stage now. words(index): what a tile is called. moved(index or null), chosen(index), key(event)
  constructor(stage, { sheets, words, moved = () => {}, chosen = () => {}, pinned = () => null, key = () => false }) {
    Object.assign(this, { stage, sheets, words, moved, chosen, pinned, key, index: null });
    stage.addEventListener("pointermove", (event) => this.follow(event));
    stage.addEventListener("pointerdown", (event) => {
      this.touched = event.pointerType !== "mouse";
      this.before = this.index;
    });
    stage.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.rest());
    stage.addEventListener("click", (event) => this.click(event));
    stage.addEventListener("keydown", (event) => this.press(event));
    stage.addEventListener("focusin", (event) => {
      if (this.sheetOf(event) && event.target.matches(":focus-visible")) this.point(this.index ?? this.pinned() ?? 0);
    });
    stage.addEventListener("focusout", (event) => {
      if (this.sheetOf(event) && !stage.contains(event.relatedTarget)) this.rest();
    });
  }

  sheetOf(event) {
    const element = event.target.closest?.(".sheet");
    return element && this.sheets().find((sheet) => sheet.element === element);
  }

  follow(event) {
    if (event.pointerType !== "mouse") return;
    const sheet = this.sheetOf(event);
    if (sheet) this.point(sheet.tileAt(event));
    else this.rest();
  }

  click(event) {
    const sheet = this.sheetOf(event);
    if (!sheet) return;
    const index = sheet.tileAt(event);
    const second = !this.touched || this.before === index; // by touch, the first tap only points
    this.point(index);
    if (second) this.chosen(index);
  }

  press(event) {
    const sheet = this.sheetOf(event);
    if (!sheet || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (step) {
      const at = this.index ?? 0;
      const x = clamp((at % sheet.columns) + step[0], 0, sheet.nx - 1);
      const y = clamp(Math.floor(at / sheet.columns) + step[1], 0, sheet.ny - 1);
      this.point(y * sheet.columns + x);
    } else if (event.key === "Enter" || event.key === " ") this.chosen(this.index ?? 0);
    else if (!this.key(event)) return;
    event.preventDefault();
  }

  point(index) {
    const [first] = this.sheets();
    if (!first) return;
    const [x, y] = [index % first.columns, Math.floor(index / first.columns)];
    this.stage.style.setProperty("--x", x);
    this.stage.style.setProperty("--y", y);
    if (this.index !== index) {
      this.index = index;
      this.describe();
      this.moved(index);
    }
    this.stage.classList.toggle("linked", x < first.nx && y < first.ny); // a small screen shows the first tiles only
  }

  // Says to all sheets, of which some may be new, where it is.
  describe() {
    if (this.index == null) return;
    for (const sheet of this.sheets()) sheet.describe(this.index, this.words(this.index));
  }

  // Back to the tile that is pinned, if one is.
  rest() {
    const pinned = this.pinned();
    if (pinned != null) return this.point(pinned);
    this.stage.classList.remove("linked");
    if (this.index != null) this.moved(null);
    this.index = null;
  }
}
