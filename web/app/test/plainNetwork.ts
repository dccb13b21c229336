// What a network's operators mean, as slow and plain as they can be written: what the fast kernels are compared with.
import { type Model, type Operator, readNumbers } from '../src/media/background/tflite';

type Values = Map<number, Float32Array>;

export function runPlainly(model: Model, input: Float32Array): Float32Array {
  const values: Values = new Map([[model.input, input]]);
  const halves = new Map<number, number>();
  const read = (tensor: number) => values.get(tensor) ?? readNumbers(model.tensors[halves.get(tensor) ?? tensor]!);
  for (const operator of model.operators) {
    if (operator.operation === 'dequantize') halves.set(operator.output, operator.inputs[0]!);
    else values.set(operator.output, compute(model, operator, read));
  }
  return values.get(model.output)!;
}

function compute(model: Model, { operation, inputs, output, stride }: Operator, read: (tensor: number) => Float32Array): Float32Array {
  const shape = (tensor: number) => model.tensors[tensor]!.shape;
  const x = read(inputs[0]!);
  const [, height = 1, width = 1, channels = 1] = shape(inputs[0]!);
  const [, outHeight = 1, outWidth = 1, outChannels = 1] = shape(output);
  const make = (value: (y: number, x: number, channel: number) => number) => {
    const made = new Float32Array(outHeight * outWidth * outChannels);
    let at = 0;
    for (let row = 0; row < outHeight; row += 1) {
      for (let column = 0; column < outWidth; column += 1) {
        for (let channel = 0; channel < outChannels; channel += 1) made[at++] = value(row, column, channel);
      }
    }
    return made;
  };
  const at = (row: number, column: number, channel: number) => {
    const isInside = row >= 0 && row < height && column >= 0 && column < width;
    return isInside ? x[(row * width + column) * channels + channel]! : 0;
  };
  switch (operation) {
    case 'convolution':
    case 'depthwise': {
      const [weights, bias] = [read(inputs[1]!), read(inputs[2]!)];
      const size = shape(inputs[1]!)[1]!;
      const pad = Math.floor(Math.max(0, (outHeight - 1) * stride + size - height) / 2);
      return make((row, column, channel) => {
        let sum = bias[channel]!;
        for (let i = 0; i < size; i += 1) {
          for (let j = 0; j < size; j += 1) {
            const [r, c] = [row * stride + i - pad, column * stride + j - pad];
            if (operation === 'depthwise') sum += at(r, c, channel) * weights[(i * size + j) * channels + channel]!;
            else {
              for (let k = 0; k < channels; k += 1) sum += at(r, c, k) * weights[((channel * size + i) * size + j) * channels + k]!;
            }
          }
        }
        return sum;
      });
    }
    case 'unfold': {
      const [weights, bias] = [read(inputs[1]!), read(inputs[2]!)];
      return make((row, column) => {
        const corner = (row % 2) * 2 + (column % 2);
        let sum = bias[0]!;
        for (let k = 0; k < channels; k += 1) sum += at(row >> 1, column >> 1, k) * weights[corner * channels + k]!;
        return sum;
      });
    }
    case 'enlarge':
      return make((row, column, channel) => {
        const [v, u] = [Math.max(0, (row + 0.5) / 2 - 0.5), Math.max(0, (column + 0.5) / 2 - 0.5)];
        const [r, c] = [Math.floor(v), Math.floor(u)];
        const [below, right] = [Math.min(r + 1, height - 1), Math.min(c + 1, width - 1)];
        const upper = at(r, c, channel) * (1 - u + c) + at(r, right, channel) * (u - c);
        const lower = at(below, c, channel) * (1 - u + c) + at(below, right, channel) * (u - c);
        return upper * (1 - v + r) + lower * (v - r);
      });
    case 'mean':
      return make((_row, _column, channel) => {
        let sum = 0;
        for (let point = 0; point < height * width; point += 1) sum += x[point * channels + channel]!;
        return sum / (height * width);
      });
    case 'multiply': {
      const factor = read(inputs[1]!);
      return x.map((value, index) => value * factor[index % channels]!);
    }
    case 'add': {
      const other = read(inputs[1]!);
      return x.map((value, index) => value + other[index]!);
    }
    case 'relu':
      return x.map((value) => Math.max(0, value));
    case 'hardSwish':
      return x.map((value) => (value * Math.min(6, Math.max(0, value + 3))) / 6);
    case 'sigmoid':
      return x.map((value) => 1 / (1 + Math.exp(-value)));
    default:
      throw new Error(operation);
  }
}
