// Pictures as a file that needs no compressing: a BMP of 24 bits, as a data address, in a worker.

const HEAD = 54; // bytes

// data: (n, channels, height, width) in [-1, 1] → one picture, row by row; empty places stay white.
export function bitmap(data, [n, channels, height, width], columns) {
  const rows = Math.ceil(n / columns);
  const [wide, high] = [columns * width, rows * height];
  const line = Math.ceil((3 * wide) / 4) * 4;
  const bytes = new Uint8ClampedArray(HEAD + line * high).fill(255, HEAD); // rounds and clamps what it is given
  const head = new DataView(bytes.buffer);
  head.setUint16(0, 0x4d42, true); // "BM"
  for (const [at, value] of [[2, bytes.length], [10, HEAD], [14, 40], [18, wide], [22, -high], [34, line * high]]) head.setInt32(at, value, true);
  head.setInt16(26, 1, true); // plane
  head.setInt16(28, 24, true); // bits
  const plane = height * width;
  for (let i = 0; i < n; i += 1) {
    const left = HEAD + Math.floor(i / columns) * height * line + (i % columns) * width * 3;
    for (let c = 0; c < 3; c += 1) { // blue, green, red
      const from = (i * channels + (channels === 1 ? 0 : 2 - c)) * plane;
      for (let y = 0; y < height; y += 1) {
        const [to, source] = [left + y * line + c, from + y * width];
        for (let x = 0; x < width; x += 1) bytes[to + 3 * x] = (data[source + x] + 1) * 127.5;
      }
    }
  }
  return new FileReaderSync().readAsDataURL(new Blob([bytes], { type: "image/bmp" }));
}
