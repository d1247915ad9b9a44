// The controls of Facades: which map, and how its translations are shown.

import { back, bar, control, forth, random, segmented, whole } from "./controls.js";
import { clamp, el } from "./dom.js";

// bring(files) takes what a visitor has; title() says what is on the map. What a page without a server lacks is left out,
// and so is the seed where no model uses dropout.
export function mapBar(state, maps, { bring, title }) {
  const most = maps.pairs - 1;
  const pair = (number) => state.set({ pair: clamp(number, 0, most), building: null, own: false });
  const step = (by) => pair((state.get("pair") ?? (by > 0 ? -1 : most + 1)) + by);
  const number = whole("Test pair", 0, most, () => state.get("pair") ?? "", pair, 56);
  const pairs = el("div.joined", {}, el("button", { type: "button", "aria-label": "previous test pair", onclick: () => step(-1) }, back()), number,
    el("button", { type: "button", "aria-label": "next test pair", onclick: () => step(1) }, forth()));
  const file = el("input", { type: "file", accept: "image/*", multiple: true, hidden: true, "aria-label": "Map, or map and photograph",
    onchange: () => bring(file.files).then(() => (file.value = "")) });
  const other = el("div.joined", {},
    el("button", { type: "button", onclick: () => state.set({ building: random() % maps.buildings, pair: null, own: false }) }, "Random building"),
    maps.uploads && el("button", { type: "button", onclick: () => file.click() }, "Upload a map or pair"));
  const show = segmented({ out: "translation", err: "error" }, () => (state.get("heat") ? "err" : "out"), (value) => state.set({ heat: value === "err" }));
  const sort = segmented({ loss: "loss", psnr: "PSNR" }, () => state.get("sort"), (value) => state.set({ sort: value }));
  const wipe = el("input", { type: "range", min: 0, max: 100, oninput: () => state.set({ wipe: +wipe.value }) });
  const share = el("output");
  const drop = whole("Dropout seed", 0, state.limits.seed, () => state.get("drop"), (seed) => state.set({ drop: seed }), 72);
  const update = () => {
    number.update();
    show.update();
    sort.update();
    drop.update();
    wipe.value = state.get("wipe");
    share.textContent = `${state.get("wipe")} %`;
    wipe.setAttribute("aria-valuetext", `${state.get("wipe")} % translation`);
  };
  state.on(update);
  update();
  const wiper = control("Wipe to the photograph", wipe);
  wiper.append(share);
  const words = () => [title(), state.get("heat") ? "error" : null, state.get("sort") === "psnr" ? "by PSNR" : null].filter(Boolean).join(" · ");
  const drawn = state.catalogue.translators.some((model) => model.dropout);
  const dropout = drawn && control("Same dropout for all, seed", drop);
  if (!maps.pairs) return bar(state, words, control("Map", other, ".seeds"), maps.uploads && file, dropout);
  return bar(state, words, control(`Test pair, of ${maps.pairs}`, pairs, ".seeds"), control("Or without a photograph", other), file,
    control("Show", show), wiper, control("Sort by", sort), dropout);
}
