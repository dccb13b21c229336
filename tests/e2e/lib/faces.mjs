// Pictures for fake cameras: for each user a swaying figure before a background of a colour of its own, so that a test
// can tell whose picture it sees and that it moves.
import { open } from 'node:fs/promises';

/** Background and clothes of each user, as [red, green, blue]. */
export const faces = {
  1: { background: [40, 84, 150], clothes: [236, 196, 110] },
  2: { background: [176, 94, 38], clothes: [60, 72, 96] },
  3: { background: [44, 122, 84], clothes: [222, 222, 228] },
};

const skin = { 1: [238, 200, 172], 2: [164, 112, 80], 3: [224, 178, 140] };
const hair = { 1: [92, 58, 36], 2: [30, 26, 24], 3: [52, 34, 28] };
/** How far down the hair goes, from the crown. */
const hairLength = { 1: 0.21, 2: 0.19, 3: 0.34 };

function toYuv([r, g, b]) {
  return [
    0.299 * r + 0.587 * g + 0.114 * b,
    128 - 0.168736 * r - 0.331264 * g + 0.5 * b,
    128 + 0.5 * r - 0.418688 * g - 0.081312 * b,
  ];
}

/** The colour of a point of the unit square (height 1, width 16/9). */
function colourAt(user, x, y, sway) {
  const { background, clothes } = faces[user];
  const centre = 8 / 9 + sway;
  const inEllipse = (cx, cy, rx, ry) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
  if (inEllipse(centre - 0.052, 0.405, 0.017, 0.021) || inEllipse(centre + 0.052, 0.405, 0.017, 0.021)) return [36, 30, 30];
  const isBrow = inEllipse(centre - 0.053, 0.366, 0.03, 0.01) || inEllipse(centre + 0.053, 0.366, 0.03, 0.01);
  if (isBrow) return hair[user].map((c) => c * 0.8);
  // A smile: what of one ellipse is below another.
  if (inEllipse(centre, 0.475, 0.062, 0.04) && !inEllipse(centre, 0.455, 0.075, 0.036)) return [150, 70, 66];
  if (inEllipse(centre, 0.42, 0.14, 0.185) && y > 0.315 - 0.2 * Math.abs(x - centre)) return skin[user];
  if (Math.abs(x - centre) < 0.055 && y > 0.5 && y < 0.7) return skin[user].map((c) => c * 0.9);
  if (inEllipse(centre, 1.06, 0.42, 0.42)) return clothes;
  if (inEllipse(centre, 0.17 + hairLength[user], 0.17, hairLength[user])) return hair[user];
  const shade = 1.12 - 0.4 * y;
  return background.map((c) => Math.min(255, c * shade));
}

/** Whether the figure of the user, and not its background, is at a point of the unit square. */
export function isPerson(user, x, y, sway = 0) {
  const { background } = faces[user];
  const shade = 1.12 - 0.4 * y;
  return colourAt(user, x, y, sway).some((c, i) => c !== Math.min(255, background[i] * shade));
}

/** One picture of the user, as RGBA. */
export function drawPixels(user, width, height) {
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      pixels.set([...colourAt(user, column / height, row / height, 0), 255], (row * width + column) * 4);
    }
  }
  return pixels;
}

/** Writes an uncompressed film that a browser takes for its camera. */
export async function writeFace(path, user, { width = 640, height = 360, frames = 20, fps = 15 } = {}) {
  const file = await open(path, 'w');
  try {
    await file.write(`YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420jpeg\n`);
    for (let index = 0; index < frames; index += 1) {
      const sway = 0.06 * Math.sin((2 * Math.PI * index) / frames);
      await file.write('FRAME\n');
      await file.write(drawFrame(user, width, height, sway));
    }
  } finally {
    await file.close();
  }
}

function drawFrame(user, width, height, sway) {
  const luma = width * height;
  const chroma = luma / 4;
  const frame = new Uint8Array(luma + 2 * chroma);
  for (let row = 0; row < height; row += 2) {
    for (let column = 0; column < width; column += 2) {
      const [y, u, v] = toYuv(colourAt(user, column / height, row / height, sway));
      const at = row * width + column;
      frame[at] = frame[at + 1] = frame[at + width] = frame[at + width + 1] = y;
      const half = (row / 2) * (width / 2) + column / 2;
      frame[luma + half] = u;
      frame[luma + chroma + half] = v;
    }
  }
  return frame;
}

/** Whose background this colour is. */
export function whoseBackground(colour) {
  const distance = (user) => faces[user].background.reduce((sum, c, i) => sum + (c - colour[i]) ** 2, 0);
  return Object.keys(faces).sort((a, b) => distance(a) - distance(b))[0];
}
