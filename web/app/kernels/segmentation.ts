// What segmentation of a picture computes, in AssemblyScript (scripts/kernels.mjs compiles it to WebAssembly with SIMD).
// All tensors are float32 in the order height, width, channels. The number of channels is a multiple of 4, but for that
// of a convolution's input. Memory is laid out by the caller (src/media/background/network.ts), which also says where
// each tensor lies: every argument named after one is an address in bytes.

// @ts-nocheck: AssemblyScript's types are not TypeScript's.

const NONE: i32 = 0;
const RELU: i32 = 1;
const HARD_SWISH: i32 = 2;

@inline
function activate(x: v128, activation: i32): v128 {
  const zero = f32x4.splat(0);
  if (activation == RELU) return f32x4.max(x, zero);
  if (activation == HARD_SWISH) {
    const gate = f32x4.min(f32x4.max(f32x4.add(x, f32x4.splat(3)), zero), f32x4.splat(6));
    return f32x4.mul(f32x4.mul(x, gate), f32x4.splat(1.0 / 6.0));
  }
  return x;
}

/** Convolution by single points: each of `points` of `cin` channels becomes one of `cout`. Weights: [cin][cout]. */
export function pointwise(
  input: usize, weights: usize, bias: usize, output: usize, points: i32, cin: i32, cout: i32, activation: i32,
): void {
  const inStep = <usize>cin << 2;
  const outStep = <usize>cout << 2;
  let point = 0;
  // Four points and four channels at a time: each weight that is loaded is used four times.
  for (; point + 4 <= points; point += 4) {
    const from = input + <usize>point * inStep;
    const to = output + <usize>point * outStep;
    for (let c: usize = 0; c < outStep; c += 16) {
      let a0 = v128.load(bias + c);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let w = weights + c;
      for (let k: usize = 0; k < inStep; k += 4) {
        const weight = v128.load(w);
        const x = from + k;
        a0 = f32x4.add(a0, f32x4.mul(weight, v128.load32_splat(x)));
        a1 = f32x4.add(a1, f32x4.mul(weight, v128.load32_splat(x + inStep)));
        a2 = f32x4.add(a2, f32x4.mul(weight, v128.load32_splat(x + 2 * inStep)));
        a3 = f32x4.add(a3, f32x4.mul(weight, v128.load32_splat(x + 3 * inStep)));
        w += outStep;
      }
      v128.store(to + c, activate(a0, activation));
      v128.store(to + c + outStep, activate(a1, activation));
      v128.store(to + c + 2 * outStep, activate(a2, activation));
      v128.store(to + c + 3 * outStep, activate(a3, activation));
    }
  }
  for (; point < points; point++) {
    const from = input + <usize>point * inStep;
    const to = output + <usize>point * outStep;
    for (let c: usize = 0; c < outStep; c += 16) {
      let a = v128.load(bias + c);
      let w = weights + c;
      for (let k: usize = 0; k < inStep; k += 4) {
        a = f32x4.add(a, f32x4.mul(v128.load(w), v128.load32_splat(from + k)));
        w += outStep;
      }
      v128.store(to + c, activate(a, activation));
    }
  }
}

/** Convolution by a window of `size` × `size`. Weights: [y][x][cin][cout]; `pad` lines are missing above and to the left. */
export function convolve(
  input: usize, weights: usize, bias: usize, output: usize,
  height: i32, width: i32, cin: i32, outHeight: i32, outWidth: i32, cout: i32,
  size: i32, stride: i32, pad: i32, activation: i32,
): void {
  const outStep = <usize>cout << 2;
  let to = output;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      for (let c: usize = 0; c < outStep; c += 16) {
        let a = v128.load(bias + c);
        for (let ky = 0; ky < size; ky++) {
          const row = y * stride + ky - pad;
          if (row < 0 || row >= height) continue;
          for (let kx = 0; kx < size; kx++) {
            const column = x * stride + kx - pad;
            if (column < 0 || column >= width) continue;
            const from = input + (<usize>((row * width + column) * cin) << 2);
            let w = weights + <usize>((ky * size + kx) * cin) * outStep + c;
            for (let k = 0; k < cin; k++) {
              a = f32x4.add(a, f32x4.mul(v128.load(w), v128.load32_splat(from + (<usize>k << 2))));
              w += outStep;
            }
          }
        }
        v128.store(to + c, activate(a, activation));
      }
      to += outStep;
    }
  }
}

/** Convolution of each channel by itself. Weights: [y][x][channel]. */
export function depthwise(
  input: usize, weights: usize, bias: usize, output: usize,
  height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  size: i32, stride: i32, pad: i32, activation: i32,
): void {
  const step = <usize>channels << 2;
  let to = output;
  for (let y = 0; y < outHeight; y++) {
    const top = y * stride - pad;
    const firstY = max(0, -top);
    const lastY = min(size, height - top);
    for (let x = 0; x < outWidth; x++) {
      const left = x * stride - pad;
      const firstX = max(0, -left);
      const lastX = min(size, width - left);
      for (let c: usize = 0; c < step; c += 16) {
        let a = v128.load(bias + c);
        for (let ky = firstY; ky < lastY; ky++) {
          let from = input + <usize>((top + ky) * width + left + firstX) * step + c;
          let w = weights + <usize>(ky * size + firstX) * step + c;
          for (let kx = firstX; kx < lastX; kx++) {
            a = f32x4.add(a, f32x4.mul(v128.load(w), v128.load(from)));
            from += step;
            w += step;
          }
        }
        v128.store(to + c, activate(a, activation));
      }
      to += step;
    }
  }
}

/** The average of each channel. */
export function average(input: usize, output: usize, points: i32, channels: i32): void {
  const step = <usize>channels << 2;
  const scale = f32x4.splat(1 / <f32>points);
  for (let c: usize = 0; c < step; c += 16) {
    let a = f32x4.splat(0);
    let from = input + c;
    for (let point = 0; point < points; point++) {
      a = f32x4.add(a, v128.load(from));
      from += step;
    }
    v128.store(output + c, f32x4.mul(a, scale));
  }
}

/** Each point times the one `factor` that has a value for each channel. */
export function scale(input: usize, factor: usize, output: usize, points: i32, channels: i32): void {
  const step = <usize>channels << 2;
  for (let point = 0; point < points; point++) {
    const at = <usize>point * step;
    for (let c: usize = 0; c < step; c += 16) {
      v128.store(output + at + c, f32x4.mul(v128.load(input + at + c), v128.load(factor + c)));
    }
  }
}

export function add(a: usize, b: usize, output: usize, count: i32): void {
  const bytes = <usize>count << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(output + at, f32x4.add(v128.load(a + at), v128.load(b + at)));
  }
}

export function activation(input: usize, output: usize, count: i32, kind: i32): void {
  const bytes = <usize>count << 2;
  for (let at: usize = 0; at < bytes; at += 16) v128.store(output + at, activate(v128.load(input + at), kind));
}

export function sigmoid(input: usize, output: usize, count: i32): void {
  const bytes = <usize>count << 2;
  for (let at: usize = 0; at < bytes; at += 4) {
    store<f32>(output + at, 1 / (1 + <f32>Math.exp(-load<f32>(input + at))));
  }
}

/** Twice as high and wide, between the centres of the points. */
export function enlarge(input: usize, output: usize, height: i32, width: i32, channels: i32): void {
  const step = <usize>channels << 2;
  let to = output;
  for (let y = 0; y < height * 2; y++) {
    const v = max<f32>(0, (<f32>y + 0.5) * 0.5 - 0.5);
    const y0 = <i32>v;
    const y1 = min(y0 + 1, height - 1);
    const dy = f32x4.splat(v - <f32>y0);
    for (let x = 0; x < width * 2; x++) {
      const u = max<f32>(0, (<f32>x + 0.5) * 0.5 - 0.5);
      const x0 = <i32>u;
      const x1 = min(x0 + 1, width - 1);
      const dx = f32x4.splat(u - <f32>x0);
      const p00 = input + <usize>(y0 * width + x0) * step;
      const p01 = input + <usize>(y0 * width + x1) * step;
      const p10 = input + <usize>(y1 * width + x0) * step;
      const p11 = input + <usize>(y1 * width + x1) * step;
      for (let c: usize = 0; c < step; c += 16) {
        const upper = between(v128.load(p00 + c), v128.load(p01 + c), dx);
        const lower = between(v128.load(p10 + c), v128.load(p11 + c), dx);
        v128.store(to + c, between(upper, lower, dy));
      }
      to += step;
    }
  }
}

@inline
function between(a: v128, b: v128, part: v128): v128 {
  return f32x4.add(a, f32x4.mul(f32x4.sub(b, a), part));
}

/** Each point becomes two by two of one channel. Weights: [y][x][channel]. */
export function unfold(
  input: usize, weights: usize, bias: usize, output: usize, height: i32, width: i32, channels: i32,
): void {
  const step = <usize>channels << 2;
  const offset = load<f32>(bias);
  const outWidth = <usize>width << 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = input + <usize>(y * width + x) * step;
      for (let k = 0; k < 4; k++) {
        const w = weights + <usize>k * step;
        let a = f32x4.splat(0);
        for (let c: usize = 0; c < step; c += 16) a = f32x4.add(a, f32x4.mul(v128.load(from + c), v128.load(w + c)));
        const sum =
          f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1) + f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3);
        const at = <usize>(2 * y + (k >> 1)) * outWidth + <usize>(2 * x + (k & 1));
        store<f32>(output + (at << 2), sum + offset);
      }
    }
  }
}

/** A picture of 8-bit RGBA as the three channels of the network's input, each from 0 to 1. */
export function fromRgba(input: usize, output: usize, points: i32): void {
  for (let point = 0; point < points; point++) {
    const from = input + (<usize>point << 2);
    const to = output + <usize>point * 12;
    store<f32>(to, <f32>load<u8>(from) / 255);
    store<f32>(to, <f32>load<u8>(from + 1) / 255, 4);
    store<f32>(to, <f32>load<u8>(from + 2) / 255, 8);
  }
}
