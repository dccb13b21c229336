export type Picture = VideoFrame | ImageBitmap;

/** What is put behind the person: the blurred room, or a picture. */
export type Behind = 'blur' | ImageBitmap;

/** Puts a picture together from what the camera saw, where the person is in it, and what is to be behind. */
export interface Compositor {
  readonly canvas: OffscreenCanvas;
  readonly kind: 'webgl' | 'plain';
  /** @param mask `maskWidth` × `maskHeight`, 255 where the person is; undefined: as at the last time */
  compose(picture: Picture, width: number, height: number, mask: Uint8Array | undefined, behind: Behind): void;
}

export interface MaskSize {
  width: number;
  height: number;
}

/** How the picture behind is cut so that it fills the frame without being distorted: the part that is shown. */
export function coverPart(width: number, height: number, frameWidth: number, frameHeight: number) {
  const scale = Math.max(frameWidth / width, frameHeight / height);
  const [partWidth, partHeight] = [frameWidth / scale, frameHeight / scale];
  return { x: (width - partWidth) / 2, y: (height - partHeight) / 2, width: partWidth, height: partHeight };
}

/** With the graphics processor where there is one, and by the plain canvas otherwise. */
export function makeCompositor(size: MaskSize): Compositor {
  try {
    return new WebGlCompositor(size);
  } catch {
    return new PlainCompositor(size);
  }
}

function isComputed(gl: WebGL2RenderingContext): boolean {
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const renderer = info ? `${gl.getParameter(info.UNMASKED_RENDERER_WEBGL)}` : '';
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(renderer);
}

const vertexShader = `#version 300 es
in vec2 corner;
uniform float flip;
out vec2 at;
void main() {
  at = corner;
  vec2 place = corner * 2.0 - 1.0;
  gl_Position = vec4(place.x, flip > 0.5 ? -place.y : place.y, 0.0, 1.0);
}`;

// Blurs in one direction what is not the person, whose colours would otherwise glow around them.
const blurShader = `#version 300 es
precision mediump float;
in vec2 at;
uniform sampler2D source;
uniform sampler2D mask;
uniform vec2 step_;
out vec4 colour;
void main() {
  vec3 sum = vec3(0.0);
  float weights = 0.0;
  for (int i = -6; i <= 6; i++) {
    vec2 place = at + step_ * float(i);
    float weight = exp(-float(i * i) / 18.0) * (1.02 - texture(mask, place).r);
    sum += weight * texture(source, place).rgb;
    weights += weight;
  }
  colour = vec4(sum / weights, 1.0);
}`;

const composeShader = `#version 300 es
precision mediump float;
in vec2 at;
uniform sampler2D source;
uniform sampler2D mask;
uniform sampler2D behind;
uniform vec4 part;
out vec4 colour;
void main() {
  float person = smoothstep(0.35, 0.75, texture(mask, at).r);
  colour = vec4(mix(texture(behind, part.xy + at * part.zw).rgb, texture(source, at).rgb, person), 1.0);
}`;

/** The blur is made on a picture so many times smaller. */
const blurScale = 4;

class WebGlCompositor implements Compositor {
  readonly kind = 'webgl';
  readonly canvas = new OffscreenCanvas(16, 16);
  private readonly gl: WebGL2RenderingContext;
  private readonly blur: WebGLProgram;
  private readonly final: WebGLProgram;
  private readonly source: WebGLTexture;
  private readonly mask: WebGLTexture;
  private readonly picture: WebGLTexture;
  private readonly halfway: { texture: WebGLTexture; frame: WebGLFramebuffer }[];
  private shown: ImageBitmap | undefined;

  constructor(private readonly size: MaskSize) {
    const gl = this.canvas.getContext('webgl2', { alpha: false, antialias: false, failIfMajorPerformanceCaveat: true });
    // One that is computed by the processor is slower than the plain canvas.
    if (!gl || isComputed(gl)) throw new Error('no WebGL 2 by a graphics processor');
    this.gl = gl;
    this.blur = this.program(blurShader);
    this.final = this.program(composeShader);
    this.source = this.texture();
    this.mask = this.texture();
    this.picture = this.texture();
    this.halfway = [0, 1].map(() => {
      const texture = this.texture();
      const frame = gl.createFramebuffer();
      gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
      return { texture, frame };
    });
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, Float32Array.of(0, 0, 1, 0, 0, 1, 1, 1), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  }

  compose(picture: Picture, width: number, height: number, mask: Uint8Array | undefined, behind: Behind): void {
    const { gl, canvas } = this;
    if (gl.isContextLost()) throw new Error('the graphics processor is gone');
    if (canvas.width !== width || canvas.height !== height) this.resize(width, height);
    gl.bindTexture(gl.TEXTURE_2D, this.source);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, picture);
    if (mask) {
      gl.bindTexture(gl.TEXTURE_2D, this.mask);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, this.size.width, this.size.height, 0, gl.RED, gl.UNSIGNED_BYTE, mask);
    }
    if (behind === 'blur') {
      const [small, smaller] = [1 / Math.ceil(width / blurScale), 1 / Math.ceil(height / blurScale)];
      this.blurInto(0, this.source, small, 0);
      this.blurInto(1, this.halfway[0]!.texture, 0, smaller);
      this.draw(this.final, null, width, height, [this.source, this.mask, this.halfway[1]!.texture], { part: [0, 0, 1, 1] });
      return;
    }
    if (this.shown !== behind) {
      gl.bindTexture(gl.TEXTURE_2D, this.picture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, behind);
      this.shown = behind;
    }
    const { x, y, width: w, height: h } = coverPart(behind.width, behind.height, width, height);
    const part = [x / behind.width, y / behind.height, w / behind.width, h / behind.height];
    this.draw(this.final, null, width, height, [this.source, this.mask, this.picture], { part });
  }

  private blurInto(index: number, source: WebGLTexture, x: number, y: number): void {
    const [width, height] = [Math.ceil(this.canvas.width / blurScale), Math.ceil(this.canvas.height / blurScale)];
    this.draw(this.blur, this.halfway[index]!.frame, width, height, [source, this.mask], { step_: [x, y] });
  }

  private draw(
    program: WebGLProgram,
    frame: WebGLFramebuffer | null,
    width: number,
    height: number,
    textures: WebGLTexture[],
    uniforms: Record<string, number[]>,
  ): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.viewport(0, 0, width, height);
    gl.useProgram(program);
    for (const [index, texture] of textures.entries()) {
      gl.activeTexture(gl.TEXTURE0 + index);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform1i(gl.getUniformLocation(program, ['source', 'mask', 'behind'][index]!), index);
    }
    gl.activeTexture(gl.TEXTURE0);
    // Pictures begin at the top, and what is shown on the canvas at the bottom.
    gl.uniform1f(gl.getUniformLocation(program, 'flip'), frame ? 0 : 1);
    for (const [name, values] of Object.entries(uniforms)) {
      const place = gl.getUniformLocation(program, name);
      if (values.length === 2) gl.uniform2fv(place, values);
      else gl.uniform4fv(place, values);
    }
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  private resize(width: number, height: number): void {
    const { gl, canvas } = this;
    canvas.width = width;
    canvas.height = height;
    for (const { texture } of this.halfway) {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      const [w, h] = [Math.ceil(width / blurScale), Math.ceil(height / blurScale)];
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, w, h, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    }
  }

  private texture(): WebGLTexture {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.LINEAR);
    return texture;
  }

  private program(fragmentShader: string): WebGLProgram {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [type, text] of [
      [gl.VERTEX_SHADER, vertexShader],
      [gl.FRAGMENT_SHADER, fragmentShader],
    ] as const) {
      const shader = gl.createShader(type)!;
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.bindAttribLocation(program, 0, 'corner');
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? 'no program');
    return program;
  }
}

/** The blurred room is the room made so many times smaller, and large again. */
const plainBlurScales = [6, 24];

export class PlainCompositor implements Compositor {
  readonly kind = 'plain';
  readonly canvas = new OffscreenCanvas(16, 16);
  private readonly context = context2d(this.canvas);
  private readonly person = new OffscreenCanvas(16, 16);
  private readonly personContext = context2d(this.person);
  private readonly maskCanvas: OffscreenCanvas;
  private readonly maskContext: OffscreenCanvasRenderingContext2D;
  private readonly maskPixels: ImageData;
  private readonly steps = plainBlurScales.map(() => new OffscreenCanvas(16, 16));

  constructor({ width, height }: MaskSize) {
    this.maskCanvas = new OffscreenCanvas(width, height);
    this.maskContext = context2d(this.maskCanvas);
    this.maskPixels = new ImageData(width, height);
  }

  compose(picture: Picture, width: number, height: number, mask: Uint8Array | undefined, behind: Behind): void {
    for (const canvas of [this.canvas, this.person]) {
      if (canvas.width === width && canvas.height === height) continue;
      canvas.width = width;
      canvas.height = height;
    }
    if (mask) {
      for (let i = 0; i < mask.length; i += 1) this.maskPixels.data[4 * i + 3] = sharpen(mask[i]!);
      this.maskContext.putImageData(this.maskPixels, 0, 0);
    }
    const { personContext, context } = this;
    personContext.globalCompositeOperation = 'copy';
    personContext.drawImage(picture, 0, 0, width, height);
    personContext.globalCompositeOperation = 'destination-in';
    personContext.drawImage(this.maskCanvas, 0, 0, width, height);
    if (behind === 'blur') this.drawBlurred(picture, width, height);
    else {
      const part = coverPart(behind.width, behind.height, width, height);
      context.drawImage(behind, part.x, part.y, part.width, part.height, 0, 0, width, height);
    }
    context.drawImage(this.person, 0, 0);
  }

  private drawBlurred(picture: Picture, width: number, height: number): void {
    let source: CanvasImageSource = picture;
    for (const [index, scale] of plainBlurScales.entries()) {
      const canvas = this.steps[index]!;
      const [w, h] = [Math.max(2, Math.ceil(width / scale)), Math.max(2, Math.ceil(height / scale))];
      if (canvas.width !== w || canvas.height !== h) {
        canvas.width = w;
        canvas.height = h;
      }
      const context = context2d(canvas);
      context.drawImage(source, 0, 0, w, h);
      source = canvas;
    }
    this.context.imageSmoothingQuality = 'high';
    this.context.drawImage(source, 0, 0, width, height);
  }
}

/** As in the shader: what is probably nobody is nobody. */
function sharpen(value: number): number {
  const x = Math.min(1, Math.max(0, (value / 255 - 0.35) / 0.4));
  return Math.round(255 * x * x * (3 - 2 * x));
}

function context2d(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas');
  return context;
}
