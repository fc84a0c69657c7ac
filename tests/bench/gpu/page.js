/* In the browser: three ways to multiply square matrices in f32 by WebGPU, each with the same numbers and timed alike. Each has
 * begin(n, a, b) with matrices as Float32Arrays, submit(), which asks for one product, done(), which waits for all that were asked for,
 * and read() of the last one. */
import * as ort from './ort/ort.webgpu.min.mjs';

const tf = globalThis.tf;
const kernels = await (await fetch('./kernels.json')).json();

const upload = (device, from) => {
  const buffer = device.createBuffer({ size: from.byteLength, usage: 0x8c });
  device.queue.writeBuffer(buffer, 0, from);
  return buffer;
};

async function read(device, buffer, size) {
  const to = device.createBuffer({ size, usage: 0x9 });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, to, 0, size);
  device.queue.submit([encoder.finish()]);
  await to.mapAsync(1);
  const numbers = new Float32Array(to.getMappedRange().slice(0));
  to.destroy();
  return numbers;
}

let device;
/* The tiles of bench.wasm: the fastest, as it races them itself. */
const ours = {
  name: 'actmem',
  async begin(n, a, b) {
    device ??= await (await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' })).requestDevice();
    const [from, with_, to] = [upload(device, a), upload(device, b), device.createBuffer({ size: a.byteLength, usage: 0x8c })];
    let best = { ms: Infinity };
    for (const { tile, grid, told, text } of kernels.filter((k) => k.n === n)) {
      const sizes = device.createBuffer({ size: 4 * told.length, usage: 0x48 });
      device.queue.writeBuffer(sizes, 0, new Uint32Array(told));
      const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module: device.createShaderModule({ code: text }), entryPoint: 'main' } });
      const entries = [from, with_, to, sizes].map((buffer, binding) => ({ binding, resource: { buffer } }));
      const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
      Object.assign(this, { pipeline, group, grid });
      await once(this);
      const ms = await once(this);
      if (ms < best.ms) best = { ms, tile, pipeline, group, grid };
    }
    Object.assign(this, best, { to, bytes: a.byteLength });
  },
  submit() {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.pipeline);
    pass.setBindGroup(0, this.group);
    pass.dispatchWorkgroups(...this.grid);
    pass.end();
    device.queue.submit([encoder.finish()]);
  },
  done: () => device.queue.onSubmittedWorkDone(),
  read() {
    return read(device, this.to, this.bytes);
  },
};

const tensorflow = {
  name: `TensorFlow.js ${tf.version_core}`,
  async begin(n, a, b) {
    await tf.setBackend('webgpu');
    await tf.ready();
    [this.a, this.b] = [tf.tensor2d(a, [n, n]), tf.tensor2d(b, [n, n])];
  },
  submit() {
    this.o?.dispose();
    this.o = tf.matMul(this.a, this.b);
    const backend = tf.backend();
    backend.endComputePassEncoder?.();
    backend.submitQueue();
  },
  done: () => tf.backend().device.queue.onSubmittedWorkDone(),
  read() {
    return this.o.data();
  },
};

/* A model of one MatMul, as protocol buffers have it: fields are numbers with their kind, 2 being text and messages. */
const bytesOf = (...parts) => parts.flatMap((p) => (typeof p === 'string' ? [...new TextEncoder().encode(p)] : p));
const field = (number, ...parts) => {
  const body = bytesOf(...parts);
  return [(number << 3) | 2, ...varint(body.length), ...body];
};
const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >> 7)]);
const whole = (number, n) => [number << 3, ...varint(n)];
const matrix = (name, n) => bytesOf(field(1, name), field(2, field(1, whole(1, 1), field(2, field(1, whole(1, n)), field(1, whole(1, n))))));
const modelOf = (n) =>
  new Uint8Array(
    bytesOf(
      whole(1, 8),
      field(7, field(1, field(1, 'a'), field(1, 'b'), field(2, 'c'), field(4, 'MatMul')), field(2, 'g'), field(11, matrix('a', n)), field(11, matrix('b', n)), field(12, matrix('c', n))),
      field(8, whole(2, 13)),
    ),
  );

const onnx = {
  name: `ONNX Runtime Web ${ort.env.versions.web}`,
  async begin(n, a, b) {
    ort.env.wasm.wasmPaths = new URL('./ort/', location.href).href;
    ort.env.wasm.numThreads = 1;
    this.session = await ort.InferenceSession.create(modelOf(n), { executionProviders: ['webgpu'], preferredOutputLocation: 'gpu-buffer' });
    this.device = await ort.env.webgpu.device;
    const tensor = (from) => ort.Tensor.fromGpuBuffer(upload(this.device, from), { dataType: 'float32', dims: [n, n] });
    this.feeds = { a: tensor(a), b: tensor(b) };
    this.bytes = a.byteLength;
  },
  async submit() {
    this.o?.dispose();
    this.o = (await this.session.run(this.feeds)).c;
  },
  done() {
    return this.device.queue.onSubmittedWorkDone();
  },
  read() {
    return read(this.device, this.o.gpuBuffer, this.bytes);
  },
};

async function once(which, times = 1) {
  const start = performance.now();
  for (let i = 0; i < times; i++) await which.submit();
  await which.done();
  return (performance.now() - start) / times;
}

/* Of elements here and there, against sums in double precision. */
function worst(n, a, b, got) {
  let error = 0;
  for (let s = 0; s < 200; s++) {
    const at = (s * 2654435761) % (n * n);
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
    error = Math.max(error, Math.abs(got[at] - sum) / Math.max(1, Math.abs(sum)));
  }
  return error;
}

const median = (x) => x.toSorted((p, q) => p - q)[x.length >> 1];

/** All three in turn, so that what else the machine does meets each of them. */
globalThis.compare = async (n, rounds, batch) => {
  const numbers = (seed) => Float32Array.from({ length: n * n }, (_, i) => (((i + seed) * 2654435761) % 33) / 16 - 1);
  const [a, b] = [numbers(1), numbers(7)];
  const all = [ours, tensorflow, onnx];
  const times = all.map(() => []);
  const runs = [];
  for (const one of all) {
    await one.begin(n, a, b);
    await once(one);
    runs.push(Math.max(1, Math.min(200, Math.ceil(batch / (await once(one))))));
  }
  for (let round = 0; round < rounds; round++) for (const [i, one] of all.entries()) times[i].push(await once(one, runs[i]));
  return Promise.all(all.map(async (one, i) => ({ name: one.name, tile: one.tile, ms: median(times[i]), error: worst(n, a, b, await one.read()) })));
};
globalThis.adapterName = async () => {
  const { vendor, architecture, description } = (await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' })).info;
  return [vendor, architecture, description].filter((x) => x !== '').join(' ');
};
