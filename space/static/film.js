// Strips of frames, cut from one sheet that is a single row of steps; and files of what is seen.

import { el } from "./dom.js";

export function film(canvas, image, size, columns, steps) {
  const width = image.naturalWidth / columns;
  canvas.width = size * steps.length;
  canvas.height = size;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  steps.forEach((step, i) => context.drawImage(image, step * width, 0, width, size, i * size, 0, size, size));
}

// Pictures one below the other → a PNG.
export function stack(images) {
  const canvas = el("canvas", { width: images[0].naturalWidth,
    height: images.reduce((sum, image) => sum + image.naturalHeight, 0) });
  let top = 0;
  for (const image of images) {
    canvas.getContext("2d").drawImage(image, 0, top);
    top += image.naturalHeight;
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
