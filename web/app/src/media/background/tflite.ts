// As much of the TensorFlow Lite format (tensorflow/lite/schema/schema.fbs, a FlatBuffer) as the segmentation model needs.

export type Operation =
  | 'add'
  | 'convolution'
  | 'depthwise'
  | 'dequantize'
  | 'enlarge'
  | 'hardSwish'
  | 'mean'
  | 'multiply'
  | 'relu'
  | 'sigmoid'
  | 'unfold';

export interface Tensor {
  shape: readonly number[];
  /** The bytes of a constant. */
  data?: Uint8Array;
  /** How they are to be read: 0 float32, 1 float16, 2 int32. */
  type: number;
}

export interface Operator {
  operation: Operation;
  inputs: readonly number[];
  output: number;
  stride: number;
}

export interface Model {
  tensors: Tensor[];
  operators: Operator[];
  input: number;
  output: number;
}

const byCode: Record<number, Operation> = {
  0: 'add',
  3: 'convolution',
  4: 'depthwise',
  6: 'dequantize',
  14: 'sigmoid',
  18: 'multiply',
  19: 'relu',
  23: 'enlarge',
  40: 'mean',
  117: 'hardSwish',
};
const customCode = 32;
const customs: Record<string, Operation> = { Convolution2DTransposeBias: 'unfold' };

/** A position in a FlatBuffer. Reading outside of it throws a RangeError. */
class Table {
  constructor(
    private readonly view: DataView,
    private readonly at: number,
  ) {}

  static root(view: DataView): Table {
    return new Table(view, view.getUint32(0, true));
  }

  private field(index: number): number | undefined {
    const vtable = this.at - this.view.getInt32(this.at, true);
    const place = 4 + 2 * index;
    const offset = place < this.view.getUint16(vtable, true) ? this.view.getUint16(vtable + place, true) : 0;
    return offset === 0 ? undefined : this.at + offset;
  }

  byte(index: number): number {
    const at = this.field(index);
    return at === undefined ? 0 : this.view.getUint8(at);
  }

  int(index: number): number {
    const at = this.field(index);
    return at === undefined ? 0 : this.view.getInt32(at, true);
  }

  table(index: number): Table | undefined {
    const at = this.field(index);
    return at === undefined ? undefined : new Table(this.view, at + this.view.getUint32(at, true));
  }

  private vector(index: number): { start: number; length: number } {
    const at = this.field(index);
    if (at === undefined) return { start: 0, length: 0 };
    const vector = at + this.view.getUint32(at, true);
    return { start: vector + 4, length: this.view.getUint32(vector, true) };
  }

  ints(index: number): number[] {
    const { start, length } = this.vector(index);
    return Array.from({ length }, (_, i) => this.view.getInt32(start + 4 * i, true));
  }

  tables(index: number): Table[] {
    const { start, length } = this.vector(index);
    return Array.from({ length }, (_, i) => {
      const at = start + 4 * i;
      return new Table(this.view, at + this.view.getUint32(at, true));
    });
  }

  bytes(index: number): Uint8Array {
    const { start, length } = this.vector(index);
    return new Uint8Array(this.view.buffer, this.view.byteOffset + start, length);
  }

  text(index: number): string {
    return new TextDecoder().decode(this.bytes(index));
  }
}

/** Throws when it is no model, or does what is not known here. */
export function readModel(file: Uint8Array): Model {
  const root = Table.root(new DataView(file.buffer, file.byteOffset, file.byteLength));
  const operations = root.tables(1).map((code) => {
    const number = Math.max(code.byte(0), code.int(3));
    const operation = number === customCode ? customs[code.text(1)] : byCode[number];
    if (!operation) throw new Error(`the model has an operation that is not known: ${number}`);
    return operation;
  });
  const buffers = root.tables(4);
  const [graph] = root.tables(2);
  if (!graph) throw new Error('the model is empty');
  const tensors = graph.tables(0).map((table): Tensor => {
    const data = buffers[table.int(2)]?.bytes(0);
    return { shape: table.ints(0), type: table.byte(1), ...(data && data.length > 0 && { data }) };
  });
  const operators = graph.tables(3).map((table): Operator => {
    const operation = operations[table.int(0)]!;
    const hasStride = operation === 'convolution' || operation === 'depthwise';
    return {
      operation,
      inputs: table.ints(1),
      output: table.ints(2)[0]!,
      stride: hasStride ? (table.table(4)?.int(1) ?? 1) : 1,
    };
  });
  return { tensors, operators, input: graph.ints(1)[0]!, output: graph.ints(2)[0]! };
}

/** The numbers of a constant; float16 is widened. */
export function readNumbers({ data, type }: Tensor): Float32Array {
  if (!data) throw new Error('not a constant');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (type === 0) return Float32Array.from({ length: data.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
  if (type === 1) return Float32Array.from({ length: data.length / 2 }, (_, i) => fromHalf(view.getUint16(2 * i, true)));
  throw new Error(`numbers of type ${type}`);
}

/** IEEE 754 binary16. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
