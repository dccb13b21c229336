import { type Model, type Operator, readModel, readNumbers, type Tensor } from './tflite';

/** What kernels/segmentation.ts exports. */
export interface Kernels {
  pointwise(input: number, weights: number, bias: number, output: number, points: number, cin: number, cout: number, activation: number): void;
  convolve(
    input: number, weights: number, bias: number, output: number,
    height: number, width: number, cin: number, outHeight: number, outWidth: number, cout: number,
    size: number, stride: number, pad: number, activation: number,
  ): void;
  depthwise(
    input: number, weights: number, bias: number, output: number,
    height: number, width: number, channels: number, outHeight: number, outWidth: number,
    size: number, stride: number, pad: number, activation: number,
  ): void;
  average(input: number, output: number, points: number, channels: number): void;
  scale(input: number, factor: number, output: number, points: number, channels: number): void;
  add(a: number, b: number, output: number, count: number): void;
  activation(input: number, output: number, count: number, kind: number): void;
  sigmoid(input: number, output: number, count: number): void;
  enlarge(input: number, output: number, height: number, width: number, channels: number): void;
  unfold(input: number, weights: number, bias: number, output: number, height: number, width: number, channels: number): void;
  fromRgba(input: number, output: number, points: number): void;
}

const activations = { none: 0, relu: 1, hardSwish: 2 } as const;
const pageBytes = 65_536;
/** So much is never needed: a model that asks for it is not the one that is shipped. */
const mostBytes = 256 * 1024 * 1024;

type Step = () => void;

/** Addresses in the kernels' memory; what is given back is used again. */
class Allocator {
  private readonly free: { at: number; bytes: number }[] = [];
  constructor(public end: number) {}

  take(bytes: number): number {
    const needed = Math.ceil(bytes / 16) * 16;
    const index = this.free.findIndex((each) => each.bytes >= needed);
    const hole = this.free[index];
    if (!hole) return this.takeNew(bytes);
    const { at } = hole;
    hole.at += needed;
    hole.bytes -= needed;
    if (hole.bytes === 0) this.free.splice(index, 1);
    return at;
  }

  /** Where nothing was before: for what is written once and must stay through every run. */
  takeNew(bytes: number): number {
    const at = this.end;
    this.end += Math.ceil(bytes / 16) * 16;
    if (this.end > mostBytes) throw new Error('the model is too large');
    return at;
  }

  give(at: number, bytes: number): void {
    this.free.push({ at, bytes: Math.ceil(bytes / 16) * 16 });
    this.free.sort((a, b) => a.at - b.at);
    for (let i = this.free.length - 1; i > 0; i -= 1) {
      const [before, after] = [this.free[i - 1]!, this.free[i]!];
      if (before.at + before.bytes !== after.at) continue;
      before.bytes += after.bytes;
      this.free.splice(i, 1);
    }
  }
}

const count = ({ shape }: Tensor) => shape.reduce((product, size) => product * size, 1);

/**
 * The segmentation network: a picture in, for each of its points how likely a person is there. Reads the model and plans
 * once; a run allocates nothing.
 */
export class SegmentationNetwork {
  readonly width: number;
  readonly height: number;
  private readonly rgba: number;
  private readonly result: number;
  private readonly steps: Step[] = [];

  private constructor(
    private readonly memory: WebAssembly.Memory,
    kernels: Kernels,
    model: Model,
    heapStart: number,
  ) {
    const { shape } = model.tensors[model.input]!;
    this.height = shape[1]!;
    this.width = shape[2]!;
    const planner = new Planner(model, kernels, memory, heapStart);
    this.rgba = planner.allocator.take(this.width * this.height * 4);
    const input = planner.addressOf(model.input);
    const points = this.width * this.height;
    this.steps.push(() => kernels.fromRgba(this.rgba, input, points));
    this.steps.push(...planner.plan());
    this.result = planner.addressOf(model.output);
    if (count(model.tensors[model.output]!) !== points) throw new Error('the model gives another size than it takes');
  }

  static async create(code: BufferSource, model: Uint8Array): Promise<SegmentationNetwork> {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { instance } = await WebAssembly.instantiate(code, { env: { memory } });
    // The kernels keep nothing in memory; the first page is left to what the compiler puts there.
    return new SegmentationNetwork(memory, instance.exports as unknown as Kernels, readModel(model), pageBytes);
  }

  /** @param rgba of `width` × `height` points. @returns from 0 (background) to 1 (person); valid until the next run */
  run(rgba: Uint8ClampedArray): Float32Array {
    new Uint8Array(this.memory.buffer, this.rgba, this.width * this.height * 4).set(rgba);
    for (const step of this.steps) step();
    return new Float32Array(this.memory.buffer, this.result, this.width * this.height);
  }
}

/** Turns the operators into calls of kernels, with addresses in place of tensors. */
class Planner {
  readonly allocator: Allocator;
  private readonly addresses = new Map<number, number>();
  private readonly uses = new Map<number, number>();
  /** What an operator's result is once its activation, an operator of its own, is done along with it. */
  private readonly fused = new Map<Operator, { activation: number; output: number }>();
  private readonly skipped = new Set<Operator>();
  private readonly halves = new Map<number, number>();

  constructor(
    private readonly model: Model,
    private readonly kernels: Kernels,
    private readonly memory: WebAssembly.Memory,
    heapStart: number,
  ) {
    this.allocator = new Allocator(heapStart);
    for (const { operation, inputs, output } of model.operators) {
      if (operation === 'dequantize') this.halves.set(output, inputs[0]!);
      else for (const input of inputs) this.uses.set(input, (this.uses.get(input) ?? 0) + 1);
    }
    this.uses.set(model.output, 1);
    this.fuse();
  }

  addressOf(tensor: number): number {
    const known = this.addresses.get(tensor);
    if (known !== undefined) return known;
    const at = this.allocator.take(4 * count(this.tensor(tensor)));
    this.addresses.set(tensor, at);
    return at;
  }

  plan(): Step[] {
    const steps: Step[] = [];
    for (const operator of this.model.operators) {
      if (operator.operation === 'dequantize' || this.skipped.has(operator)) continue;
      steps.push(this.stepOf(operator));
      for (const input of operator.inputs) this.release(input);
    }
    this.grow();
    return steps;
  }

  private tensor(index: number): Tensor {
    return this.model.tensors[index]!;
  }

  private fuse(): void {
    const { operators } = this.model;
    for (const operator of operators) {
      if (operator.operation !== 'convolution' && operator.operation !== 'depthwise') continue;
      const next = operators.filter(({ inputs }) => inputs.includes(operator.output));
      const [only] = next;
      if (next.length !== 1 || !only || (only.operation !== 'relu' && only.operation !== 'hardSwish')) continue;
      this.fused.set(operator, { activation: activations[only.operation], output: only.output });
      this.skipped.add(only);
    }
  }

  private release(tensor: number): void {
    const left = (this.uses.get(tensor) ?? 0) - 1;
    this.uses.set(tensor, left);
    const at = this.addresses.get(tensor);
    // Weights stay.
    if (left > 0 || at === undefined || this.halves.has(tensor) || this.tensor(tensor).data) return;
    this.allocator.give(at, 4 * count(this.tensor(tensor)));
    this.addresses.delete(tensor);
  }

  private grow(): void {
    const missing = this.allocator.end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / pageBytes));
  }

  /** Puts a constant into memory, its numbers in the order in which the kernels go through them. */
  private constant(tensor: number, reorder: (numbers: Float32Array) => Float32Array = (numbers) => numbers): number {
    const numbers = reorder(readNumbers(this.tensor(this.halves.get(tensor) ?? tensor)));
    const at = this.allocator.takeNew(numbers.byteLength);
    this.grow();
    new Float32Array(this.memory.buffer, at, numbers.length).set(numbers);
    return at;
  }

  private stepOf(operator: Operator): Step {
    const { kernels } = this;
    const { operation, inputs } = operator;
    const [first, second] = inputs as [number, number];
    const fused = this.fused.get(operator);
    const to = fused?.output ?? operator.output;
    const activation = fused?.activation ?? activations.none;
    const [, height = 1, width = 1, channels = 1] = this.tensor(first).shape;
    const size = count(this.tensor(first));
    const input = this.addressOf(first);
    switch (operation) {
      case 'convolution':
      case 'depthwise':
        return this.window(operator, input, this.addressOf(to), activation);
      case 'unfold': {
        // From [1][y][x][channel], as it is needed.
        const weights = this.constant(second);
        const bias = this.constant(inputs[2]!);
        const output = this.addressOf(to);
        return () => kernels.unfold(input, weights, bias, output, height, width, channels);
      }
      case 'add': {
        if (count(this.tensor(second)) !== size) throw new Error('the model adds tensors of two sizes');
        const other = this.addressOf(second);
        const output = this.addressOf(to);
        return () => kernels.add(input, other, output, size);
      }
      case 'multiply': {
        if (count(this.tensor(second)) !== channels) throw new Error('the model multiplies by more than one factor a channel');
        const factor = this.addressOf(second);
        const output = this.addressOf(to);
        return () => kernels.scale(input, factor, output, height * width, channels);
      }
      case 'mean': {
        const output = this.addressOf(to);
        return () => kernels.average(input, output, height * width, channels);
      }
      case 'enlarge': {
        const { shape } = this.tensor(to);
        if (shape[1] !== 2 * height || shape[2] !== 2 * width) throw new Error('the model enlarges by another factor than 2');
        const output = this.addressOf(to);
        return () => kernels.enlarge(input, output, height, width, channels);
      }
      case 'sigmoid': {
        const output = this.addressOf(to);
        return () => kernels.sigmoid(input, output, size);
      }
      case 'relu':
      case 'hardSwish': {
        const output = this.addressOf(to);
        return () => kernels.activation(input, output, size, activations[operation]);
      }
      default:
        throw new Error(`no kernel for ${operation}`);
    }
  }

  private window({ operation, inputs, output: result, stride }: Operator, input: number, output: number, activation: number): Step {
    const { kernels } = this;
    const [source, filter, offset] = inputs as [number, number, number];
    const [, height, width, cin] = this.tensor(source).shape as [number, number, number, number];
    const [, outHeight, outWidth, cout] = this.tensor(result).shape as [number, number, number, number];
    const side = this.tensor(filter).shape[1]!;
    // As "SAME" in TensorFlow: what is missing is split, the larger half below and to the right.
    const pad = Math.floor(Math.max(0, (outHeight - 1) * stride + side - height) / 2);
    const bias = this.constant(offset);
    if (operation === 'depthwise') {
      const weights = this.constant(filter);
      return () => kernels.depthwise(input, weights, bias, output, height, width, cin, outHeight, outWidth, side, stride, pad, activation);
    }
    // From [cout][y][x][cin] to [y][x][cin][cout].
    const weights = this.constant(filter, (numbers) => transpose(numbers, cout));
    if (side === 1 && stride === 1) {
      return () => kernels.pointwise(input, weights, bias, output, height * width, cin, cout, activation);
    }
    return () => kernels.convolve(input, weights, bias, output, height, width, cin, outHeight, outWidth, cout, side, stride, pad, activation);
  }
}

/** The columns of `rows` rows, one after the other. */
export function transpose(numbers: Float32Array, rows: number): Float32Array {
  const columns = numbers.length / rows;
  const turned = new Float32Array(numbers.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) turned[column * rows + row] = numbers[row * columns + column]!;
  }
  return turned;
}
