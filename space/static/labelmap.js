// A label map as an array: 256 × 256 indices of classes, row by row; painted on, and as text for links and the server.

export const SIDE = 256;
export const empty = () => new Uint8Array(SIDE * SIDE);

// --- as text: base64url of raw deflate, as zoo.facades.pack and unpack have it

const through = async (bytes, stream) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());

export async function pack(labels) {
  const bytes = await through(labels, new CompressionStream("deflate-raw"));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// Throws where the text holds no map.
export async function unpack(text, classes) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const labels = await through(bytes, new DecompressionStream("deflate-raw"));
  if (labels.length !== SIDE * SIDE || labels.some((label) => label >= classes)) throw new Error("not a label map");
  return labels;
}

export const same = (a, b) => a != null && b != null && a.every((label, i) => label === b[i]);

// --- painting; all places in pixels of the map, clipped to it

const bounds = (low, high) => [Math.max(0, Math.round(low)), Math.min(SIDE, Math.round(high))];

export function box(labels, { x, y, w, h }, label) {
  const [x0, x1] = bounds(x, x + w);
  const [y0, y1] = bounds(y, y + h);
  for (let row = y0; row < y1; row += 1) labels.fill(label, row * SIDE + x0, row * SIDE + Math.max(x0, x1));
}

// A round brush drawn from one place to another.
export function stroke(labels, [ax, ay], [bx, by], radius, label) {
  const [x0, x1] = bounds(Math.min(ax, bx) - radius - 1, Math.max(ax, bx) + radius + 1);
  const [y0, y1] = bounds(Math.min(ay, by) - radius - 1, Math.max(ay, by) + radius + 1);
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy || 1;
  for (let y = y0; y < y1; y += 1) {
    for (let x = x0; x < x1; x += 1) {
      const [px, py] = [x + 0.5 - ax, y + 0.5 - ay];
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) / length));
      if ((px - along * dx) ** 2 + (py - along * dy) ** 2 <= radius * radius) labels[y * SIDE + x] = label;
    }
  }
}

// The connected area of one class around a place, row by row.
export function fill(labels, [x, y], label) {
  const start = Math.floor(y) * SIDE + Math.floor(x);
  const old = labels[start];
  if (old === undefined || old === label) return;
  const todo = [start];
  while (todo.length) {
    const at = todo.pop();
    if (labels[at] !== old) continue;
    const row = at - (at % SIDE);
    let left = at, right = at;
    while (left > row && labels[left - 1] === old) left -= 1;
    while (right < row + SIDE - 1 && labels[right + 1] === old) right += 1;
    for (let i = left; i <= right; i += 1) {
      labels[i] = label;
      for (const next of [i - SIDE, i + SIDE]) if (labels[next] === old) todo.push(next);
    }
  }
}

export function show(labels, canvas, colours) {
  const context = canvas.getContext("2d");
  const picture = context.createImageData(SIDE, SIDE);
  const pixels = new Uint32Array(picture.data.buffer);
  for (let i = 0; i < labels.length; i += 1) pixels[i] = colours[labels[i]];
  context.putImageData(picture, 0, 0);
}

// "#rrggbb" → the number that a pixel is, on any machine that runs a browser (little endian).
export function colour(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
}
