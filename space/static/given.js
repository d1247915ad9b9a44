// What Facades is given: by the link, by a visitor, by the browser's storage.

import { el } from "./dom.js";

const STORE = "zoo-facades"; // the drawing, in the browser's storage

export function origin(key) {
  const [kind, number] = key.split(" ");
  return { pair: kind === "pair" ? +number : null, building: kind === "building" ? +number : null, own: kind === "own" };
}

export async function loaded(source) {
  if (!source) return null;
  const image = el("img", { src: source });
  await image.decode();
  return image;
}

export const address = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = () => reject(new Error(`${file.name} cannot be read.`));
  reader.readAsDataURL(file);
});

// What place(asked) gives, which has a map; asked again for as long as it is busy.
export async function patiently(place, asked, busy) {
  for (;;) {
    const answer = await place(asked);
    if (!answer?.busy) {
      if (answer?.map) return answer;
      throw new Error(answer?.error ?? "The map did not arrive.");
    }
    busy();
    await new Promise((resolve) => setTimeout(resolve, 1000 + 1000 * Math.random()));
  }
}

// --- the browser's storage, which may be off or full: this tab's, and what was drawn last in any

const stores = [() => sessionStorage, () => localStorage];

// What was kept of `drawing`, or of whichever it was where that is null.
export function kept(drawing) {
  for (const store of stores) {
    try {
      const what = JSON.parse(store().getItem(STORE));
      if (what && (drawing == null || what.drawing === drawing)) return what;
    } catch { /* the next one */ }
  }
  return null;
}

export function keep(what) {
  for (const store of stores) {
    try {
      store().setItem(STORE, JSON.stringify(what));
    } catch { /* the link still has the drawing */ }
  }
}
