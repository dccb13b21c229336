// A film for a fake camera that is worth its bits: texture that moves, with fresh noise in each picture, so that every
// simulcast layer needs the rate that it is given. The pattern of Chromium's own fake device fits into far less.
import { open } from 'node:fs/promises';

const frames = 40;
const margin = 64;

/** A cheap generator whose numbers are the same everywhere. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  };
}

/** Noise of a few octaves, as a wall or a meadow has. */
function makeTexture(width, height) {
  const random = generator(1);
  const texture = new Uint8Array(width * height);
  for (const [cell, weight] of [[64, 0.35], [16, 0.3], [4, 0.2]]) {
    const columns = Math.ceil(width / cell) + 1;
    const grid = Uint8Array.from({ length: columns * (Math.ceil(height / cell) + 1) }, random);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        texture[y * width + x] += weight * grid[Math.floor(y / cell) * columns + Math.floor(x / cell)];
      }
    }
  }
  return texture;
}

/** Writes the film as Y4M. */
export async function writeFilm(path, { width = 1280, height = 720, fps = 20 } = {}) {
  const stride = width + 2 * margin;
  const texture = makeTexture(stride, height + 2 * margin);
  const random = generator(2);
  const noise = Uint8Array.from({ length: 1 << 16 }, () => random() % 13);
  const luma = width * height;
  const file = await open(path, 'w');
  try {
    await file.write(`YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420jpeg\n`);
    const frame = new Uint8Array(luma * 1.5).fill(128);
    for (let index = 0; index < frames; index += 1) {
      const angle = (2 * Math.PI * index) / frames;
      const left = Math.round(margin + 0.9 * margin * Math.cos(angle));
      const top = Math.round(margin + 0.9 * margin * Math.sin(angle));
      let grain = random() * 256 + random();
      for (let y = 0; y < height; y += 1) {
        const from = (top + y) * stride + left;
        for (let x = 0; x < width; x += 1) {
          grain = (grain + 1) & 0xffff;
          frame[y * width + x] = 30 + texture[from + x] * 0.7 + noise[grain];
        }
        grain = (grain + 7919) & 0xffff;
      }
      await file.write('FRAME\n');
      await file.write(frame);
    }
  } finally {
    await file.close();
  }
}
