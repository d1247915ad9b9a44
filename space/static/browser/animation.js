// An animated WebP, there and back, of walks side by side. The browser encodes each frame as a picture of its own,
// and these are put in a row, in the container of RFC 9649.

import { el } from "../dom.js";
import { decoded } from "../sheet.js";

// sheets: addresses of walks, each of so many rows of pictures → the address of a film, of `side` px a picture.
export async function film(sheets, { rows, side, fps }) {
  const images = await Promise.all(sheets.map((sheet) => decoded(sheet, "")));
  const own = images[0].naturalHeight / rows;
  const columns = images[0].naturalWidth / own;
  const large = own * Math.max(1, Math.floor(side / own));
  const canvas = el("canvas", { width: large * images.length, height: large });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  const stills = [];
  for (let step = 0; step < columns * rows; step += 1) {
    const [x, y] = [step % columns, Math.floor(step / columns)];
    images.forEach((image, i) => context.drawImage(image, x * own, y * own, own, own, i * large, 0, large, large));
    stills.push(await still(canvas));
  }
  const order = [...stills, ...stills.slice(1, -1).reverse()];
  return URL.createObjectURL(new Blob(container(order, canvas.width, canvas.height, Math.round(1000 / fps)), { type: "image/webp" }));
}

// The chunks of a WebP, lossless where the browser can.
async function still(canvas) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp", 1));
  if (blob?.type !== "image/webp") throw new Error("This browser writes no WebP: take the PNG strip.");
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const kept = [];
  for (let at = 12; at < bytes.length;) {
    const size = new DataView(bytes.buffer, at).getUint32(4, true);
    const end = at + 8 + size + (size % 2);
    if (["VP8 ", "VP8L", "ALPH"].includes(new TextDecoder().decode(bytes.subarray(at, at + 4)))) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return kept;
}

// Parts of a Blob.
function container(stills, width, height, milliseconds) {
  const three = (...numbers) => Uint8Array.from(numbers.flatMap((number) => [number & 255, (number >> 8) & 255, number >> 16]));
  const long = (parts) => parts.reduce((sum, part) => sum + part.length, 0);
  const chunk = (name, ...parts) => {
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, long(parts), true);
    return [new TextEncoder().encode(name), size, ...parts, new Uint8Array(long(parts) % 2)];
  };
  const place = three(0, 0, width - 1, height - 1, milliseconds);
  return chunk("RIFF", new TextEncoder().encode("WEBP"),
    ...chunk("VP8X", Uint8Array.of(2, 0, 0, 0), three(width - 1, height - 1)), // 2: animated
    ...chunk("ANIM", new Uint8Array(6)), // black behind, endless
    ...stills.flatMap((parts) => chunk("ANMF", place, Uint8Array.of(2), ...parts))); // 2: nothing shines through
}
