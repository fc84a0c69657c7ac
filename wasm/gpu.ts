/** Runs bench.wasm on a GPU by WebGPU: what wasm/gpu.h and wasm/bench.h ask of their host. Works on a page and in a Worker. */

/* The orders of the enumerations of bench.h and gpu.h. */
export const MEASURES = ['copy', 'toy', 'matmul-f32', 'matmul-f16-f32', 'matmul-f16', 'mlp', 'attention', 'softmax'] as const;
export const OMISSIONS = ['', 'wrong', 'memory', 'time', 'clock', 'refused', 'limits', 'unsupported'] as const;
export const ENDINGS = ['done', 'absent', 'no-adapter', 'refused', 'lost', 'cancelled', 'hidden', 'time'] as const;
const FIGURES = ['size', 'median', 'p10', 'p90', 'samples', 'runs', 'timestamps', 'flops', 'bytes', 'gflops', 'mbs', 'saved', 'after', 'peak', 'check'] as const;
const OPENED = 1;
const COMPILED = 2;
const RAN = 3;
const READ = 4;
const LOST = 5;
const OK = 0;
const ABSENT = 1;
const NO_ADAPTER = 2;
const REFUSED = 3;
const OUT_OF_MEMORY = 4;
const INVALID = 5;

export type Measure = (typeof MEASURES)[number];
export type Omission = Exclude<(typeof OMISSIONS)[number], ''>;
export type Ending = (typeof ENDINGS)[number];
/** Of one run, by bench.h's am_measured: times in milliseconds, memory in bytes. */
export type Figures = Readonly<Record<(typeof FIGURES)[number], number>>;

export interface Device {
  vendor: string;
  architecture: string;
  description: string;
  /** A program that stands in for a GPU. */
  software: boolean;
  features: readonly string[];
  limits: Readonly<Record<string, number>>;
}

/** device_gflops, device_fp32_gflops and device_bandwidth. */
export interface Rates {
  gflops: number;
  fp32: number;
  bandwidth: number;
}

export type Told =
  | { kind: 'device'; device: Device }
  | { kind: 'progress'; measure: Measure; share: number }
  | { kind: 'result'; measure: Measure; variant: 'stored' | 'recomputed'; figures: Figures }
  | { kind: 'omitted'; measure: Measure; omission: Omission }
  | { kind: 'rates'; rates: Rates }
  | { kind: 'end'; ending: Ending; milliseconds: number; detail: string };

interface Exports {
  readonly memory: WebAssembly.Memory;
  _initialize?(): void;
  am_bench_start(budget: number, timestamps: number): void;
  am_bench_event(event: number, status: number, wall: number, nanoseconds: number): void;
  am_bench_stop(ending: number): void;
}

export interface Options {
  /** bench.wasm */
  module: BufferSource;
  /** navigator.gpu; undefined where there is none. */
  gpu: GPU | undefined;
  /** Milliseconds until it has ended, at most. */
  budget: number;
  timestamps: boolean;
  tell: (told: Told) => void;
}

export interface Running {
  /** Ends it at once; it tells so. */
  stop(why: 'cancelled' | 'hidden'): void;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|warp/i;
/* Of the budget, in milliseconds: C ends it earlier, at the first answer after its time; this is for browsers that give none. */
const CLOSING = 200;
const WIDEST = 2 ** 31;
const USAGE = 0x80 | 0x8 | 0x4; /* STORAGE, COPY_DST, COPY_SRC: Workers of some browsers lack the constants */
const UNIFORM = 0x40 | 0x8;
const MAP_READ = 0x1 | 0x8;
const QUERY_RESOLVE = 0x200 | 0x4;

export async function startBench({ module, gpu, budget, timestamps, tell }: Options): Promise<Running> {
  const start = performance.now();
  const host = new Host(gpu, tell);
  const { instance } = await WebAssembly.instantiate(module, { gpu: host.gpuImports(), told: host.toldImports() });
  const exports = instance.exports as unknown as Exports;
  host.exports = exports;
  exports._initialize?.();
  const left = budget - (performance.now() - start);
  exports.am_bench_start(left, timestamps ? 1 : 0);
  host.watch(left - CLOSING);
  return { stop: (why) => exports.am_bench_stop(ENDINGS.indexOf(why)) };
}

class Host {
  exports!: Exports;
  readonly #gpu: GPU | undefined;
  readonly #tell: (told: Told) => void;
  #device: GPUDevice | null = null;
  readonly #objects = new Map<number, GPUBuffer | GPUComputePipeline | GPUBindGroup>();
  #next = 1;
  #live = 0;
  /** Error scopes whose word is still out, and the worst word yet. */
  #scopes: Promise<void>[] = [];
  #status = OK;
  #detail = '';
  #nudges = false;
  #queries: { set: GPUQuerySet; resolved: GPUBuffer; read: GPUBuffer } | null = null;
  #staging: GPUBuffer | null = null;
  #watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(gpu: GPU | undefined, tell: (told: Told) => void) {
    this.#gpu = gpu;
    this.#tell = (told) => tell(told); /* called without an object, as a Worker's postMessage has to be */
  }

  watch(milliseconds: number): void {
    this.#watchdog = setTimeout(() => this.exports.am_bench_stop(ENDINGS.indexOf('time')), milliseconds);
  }

  gpuImports() {
    return {
      am_gpu_open_async: (limits: number, timestamps: number) => void this.#open(limits, timestamps === 1),
      am_gpu_buffer: (bytes: number) => this.#buffer(bytes >>> 0),
      am_gpu_uniform: (from: number, bytes: number) => {
        const handle = this.#buffer(bytes, UNIFORM);
        this.#gpuDevice.queue.writeBuffer(this.#find<GPUBuffer>(handle), 0, this.#view(from, bytes));
        return handle;
      },
      am_gpu_compile_async: (wgsl: number, length: number) => this.#compile(new TextDecoder().decode(this.#view(wgsl, length))),
      am_gpu_bind: (kernel: number, buffers: number, count: number) => this.#bind(kernel, new Int32Array(this.exports.memory.buffer, buffers, count)),
      am_gpu_run_async: (list: number, count: number, times: number, timestamps: number) => void this.#run(list, count, times, timestamps === 1),
      am_gpu_read_async: (buffer: number, offset: number, to: number, bytes: number) => void this.#read(this.#find<GPUBuffer>(buffer), offset, to, bytes),
      am_gpu_free: (object: number) => this.#free(object),
      am_gpu_live_bytes: () => this.#live,
      am_gpu_nudge: (on: number) => void (this.#nudges = on === 1),
      am_gpu_now: () => performance.now(),
    };
  }

  toldImports() {
    const measureOf = (i: number): Measure => MEASURES[i] ?? 'copy';
    return {
      am_told_progress: (measure: number, share: number) => this.#tell({ kind: 'progress', measure: measureOf(measure), share }),
      am_told_result: (measure: number, variant: number, measured: number) => {
        const values = new Float64Array(this.exports.memory.buffer, measured, FIGURES.length);
        const figures = Object.fromEntries(FIGURES.map((name, i) => [name, values[i]])) as Figures;
        this.#tell({ kind: 'result', measure: measureOf(measure), variant: variant === 0 ? 'stored' : 'recomputed', figures });
      },
      am_told_omitted: (measure: number, omission: number) => this.#tell({ kind: 'omitted', measure: measureOf(measure), omission: (OMISSIONS[omission] || 'refused') as Omission }),
      am_told_rates: (gflops: number, fp32: number, bandwidth: number) => this.#tell({ kind: 'rates', rates: { gflops, fp32, bandwidth } }),
      am_told_end: (ending: number, milliseconds: number) => this.#end(ENDINGS[ending] ?? 'refused', milliseconds),
    };
  }

  #end(ending: Ending, milliseconds: number): void {
    clearTimeout(this.#watchdog);
    const device = this.#device;
    this.#device = null;
    device?.destroy();
    this.#tell({ kind: 'end', ending, milliseconds, detail: this.#detail });
  }

  get #gpuDevice(): GPUDevice {
    if (this.#device === null) throw new Error('the GPU is closed');
    return this.#device;
  }

  #view(from: number, bytes: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.exports.memory.buffer as ArrayBuffer, from, bytes);
  }

  /* ---- objects */

  #put(object: GPUBuffer | GPUComputePipeline | GPUBindGroup): number {
    this.#objects.set(this.#next, object);
    return this.#next++;
  }

  #find<T extends GPUBuffer | GPUComputePipeline | GPUBindGroup>(handle: number): T {
    const object = this.#objects.get(handle);
    if (object === undefined) throw new Error(`the GPU has no object ${handle}`);
    return object as T;
  }

  #free(handle: number): void {
    const object = this.#objects.get(handle);
    this.#objects.delete(handle);
    if (object !== undefined && 'destroy' in object) {
      this.#live -= object.size;
      object.destroy();
    }
  }

  #buffer(bytes: number, usage = USAGE): number {
    const device = this.#gpuDevice;
    device.pushErrorScope('out-of-memory');
    const buffer = device.createBuffer({ size: bytes, usage });
    this.#scopes.push(
      device.popErrorScope().then(
        (error) => error !== null && this.#note(OUT_OF_MEMORY, error.message),
        () => undefined,
      ) as Promise<void>,
    );
    this.#live += buffer.size;
    return this.#put(buffer);
  }

  #bind(kernel: number, buffers: Int32Array): number {
    const entries = Array.from(buffers, (handle, binding) => ({ binding, resource: { buffer: this.#find<GPUBuffer>(handle) } }));
    return this.#put(this.#gpuDevice.createBindGroup({ layout: this.#find<GPUComputePipeline>(kernel).getBindGroupLayout(0), entries }));
  }

  /* ---- events */

  #note(status: number, detail: string): void {
    if (this.#status === OK || status === OUT_OF_MEMORY) this.#status = status;
    this.#detail ||= detail;
  }

  /** Gives C an event, with what has gone wrong since the last one; not after the end. */
  async #post(event: number, wall = 0, nanoseconds = Number.NaN): Promise<void> {
    const scopes = this.#scopes;
    this.#scopes = [];
    if (scopes.length > 0) await this.#awake(Promise.all(scopes));
    const status = this.#status;
    this.#status = OK;
    if (this.#device === null && event !== OPENED) return;
    try {
      this.exports.am_bench_event(event, status, wall, nanoseconds);
    } catch (error) {
      this.#detail = error instanceof Error ? error.message : String(error);
      this.exports.am_bench_stop(ENDINGS.indexOf('refused'));
    }
  }

  /** An asynchronous call: what it throws is the event's status. */
  async #call(event: number, work: () => Promise<[wall: number, nanoseconds: number]>): Promise<void> {
    let times: [number, number] = [0, Number.NaN];
    try {
      times = await work();
    } catch (error) {
      if (this.#device === null && event !== OPENED) return;
      this.#note(event === OPENED ? REFUSED : INVALID, error instanceof Error ? error.message : String(error));
    }
    await this.#post(event, ...times);
  }

  /** Some browsers look at what the GPU has done ten times a second, but whenever something is submitted. */
  async #awake<T>(promise: Promise<T>): Promise<T> {
    if (!this.#nudges) return promise;
    let done = false;
    const { port1, port2 } = new MessageChannel();
    let last = performance.now();
    port1.onmessage = () => {
      if (done || this.#device === null) return;
      if (performance.now() - last >= 1) {
        last = performance.now();
        this.#device.queue.submit([this.#device.createCommandEncoder().finish()]);
      }
      port2.postMessage(0);
    };
    port2.postMessage(0);
    try {
      return await promise;
    } finally {
      done = true;
      port1.close();
    }
  }

  /* ---- asynchronous calls */

  async #open(limits: number, timestamps: boolean): Promise<void> {
    if (this.#gpu === undefined) {
      await Promise.resolve();
      this.#note(ABSENT, '');
      return this.#post(OPENED);
    }
    const gpu = this.#gpu;
    return this.#call(OPENED, async () => {
      const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
      if (adapter === null) {
        this.#note(NO_ADAPTER, '');
        return [0, Number.NaN];
      }
      const has = (feature: GPUFeatureName) => adapter.features.has(feature);
      const requiredFeatures = (['timestamp-query', 'shader-f16'] as const).filter((f) => has(f) && (timestamps || f !== 'timestamp-query'));
      const most = Math.min(adapter.limits.maxBufferSize, adapter.limits.maxStorageBufferBindingSize, WIDEST);
      const requiredLimits = { maxBufferSize: most, maxStorageBufferBindingSize: most };
      const device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
      this.#device = device;
      device.addEventListener('uncapturederror', (event) => this.#note(INVALID, event.error.message));
      void device.lost.then(({ message }) => {
        if (this.#device === null) return;
        this.#detail = message;
        this.exports.am_bench_event(LOST, OK, 0, 0);
      });
      const stamps = requiredFeatures.includes('timestamp-query');
      if (stamps) {
        this.#queries = {
          set: device.createQuerySet({ type: 'timestamp', count: 2 }),
          resolved: device.createBuffer({ size: 16, usage: QUERY_RESOLVE }),
          read: device.createBuffer({ size: 16, usage: MAP_READ }),
        };
      }
      const { maxComputeWorkgroupStorageSize: shared, maxComputeInvocationsPerWorkgroup: threads, maxComputeWorkgroupsPerDimension: groups } = device.limits;
      new Uint32Array(this.exports.memory.buffer, limits, 6).set([stamps ? 1 : 0, requiredFeatures.includes('shader-f16') ? 1 : 0, most, shared, threads, groups]);
      this.#tell({ kind: 'device', device: deviceOf(adapter) });
      return [0, Number.NaN];
    });
  }

  #compile(code: string): number {
    const handle = this.#next++;
    void this.#call(COMPILED, async () => {
      const device = this.#gpuDevice;
      const module = device.createShaderModule({ code });
      this.#objects.set(handle, await this.#awake(device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } })));
      return [0, Number.NaN];
    });
    return handle;
  }

  #run(list: number, count: number, times: number, timestamps: boolean): Promise<void> {
    const fields = new Int32Array(this.exports.memory.buffer, list, 5 * count);
    const dispatches = Array.from({ length: count }, (_, i) => {
      const [kernel = 0, binding = 0, x = 0, y = 0, z = 0] = fields.subarray(5 * i, 5 * i + 5);
      return { pipeline: this.#find<GPUComputePipeline>(kernel), group: this.#find<GPUBindGroup>(binding), x, y, z };
    });
    return this.#call(RAN, async () => {
      const device = this.#gpuDevice;
      const queries = timestamps ? this.#queries : null;
      const encoder = device.createCommandEncoder();
      if (count > 0) {
        const pass = encoder.beginComputePass(queries === null ? {} : { timestampWrites: { querySet: queries.set, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 } });
        for (let run = 0; run < times; run++) {
          for (const { pipeline, group, x, y, z } of dispatches) {
            /* Of a single kernel, once is enough. */
            if (run === 0 || count > 1) {
              pass.setPipeline(pipeline);
              pass.setBindGroup(0, group);
            }
            pass.dispatchWorkgroups(x, y, z);
          }
        }
        pass.end();
      }
      if (queries !== null) {
        encoder.resolveQuerySet(queries.set, 0, 2, queries.resolved, 0);
        encoder.copyBufferToBuffer(queries.resolved, 0, queries.read, 0, 16);
      }
      const commands = encoder.finish();
      const start = performance.now();
      device.queue.submit([commands]);
      await this.#awake(device.queue.onSubmittedWorkDone());
      const wall = performance.now() - start;
      if (queries === null) return [wall, Number.NaN];
      await this.#awake(queries.read.mapAsync(1));
      const [begin = 0n, end = 0n] = new BigUint64Array(queries.read.getMappedRange());
      const nanoseconds = Number(end - begin);
      queries.read.unmap();
      return [wall, nanoseconds];
    });
  }

  #read(buffer: GPUBuffer, offset: number, to: number, bytes: number): Promise<void> {
    return this.#call(READ, async () => {
      const device = this.#gpuDevice;
      if (this.#staging === null || this.#staging.size < bytes) {
        this.#staging?.destroy();
        this.#staging = device.createBuffer({ size: bytes, usage: MAP_READ });
      }
      const staging = this.#staging;
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
      device.queue.submit([encoder.finish()]);
      await this.#awake(staging.mapAsync(1, 0, bytes));
      this.#view(to, bytes).set(new Uint8Array(staging.getMappedRange(0, bytes)));
      staging.unmap();
      return [0, Number.NaN];
    });
  }
}

const SHOWN_LIMITS = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxComputeWorkgroupStorageSize', 'maxComputeInvocationsPerWorkgroup'] as const;

function deviceOf(adapter: GPUAdapter): Device {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const named = [description, device].filter((text) => text !== '').join(' ');
  return {
    vendor,
    architecture,
    description: named,
    software: isFallbackAdapter || SOFTWARE.test(`${vendor} ${architecture} ${named}`),
    features: [...adapter.features].sort(),
    limits: Object.fromEntries(SHOWN_LIMITS.map((name) => [name, adapter.limits[name]])),
  };
}
