// The workers that draw, and which model lives in which. Each reads the runtime and its models when they are first
// asked for.

const MOST = 4; // workers: each holds the runtime in memory
const READ_AHEAD = 500; // ms after the first pictures are seen

export class Pool {
  // models: id → {file, …}, of zoo.json.
  constructor(models) {
    this.models = models;
    this.size = Math.max(1, Math.min(MOST, navigator.hardwareConcurrency ?? 1, Object.keys(models).length));
    this.homes = new Map(); // id → worker
    this.waiting = new Map(); // number of a job → how it ends
    this.jobs = 0;
  }

  // → the address of a picture.
  run(id, asked) {
    return this.send(id, { asked });
  }

  // Reads what will be needed next, once nobody waits for pictures; not for those who save their data.
  warmUp(ids) {
    this.ahead = [...new Set([...(this.ahead ?? []), ...ids])];
    clearTimeout(this.timer);
    if (navigator.connection?.saveData) return;
    this.timer = setTimeout(async () => {
      while (this.ahead.length) await this.send(this.ahead.shift(), {}).catch(() => null);
    }, READ_AHEAD);
  }

  async send(id, job) {
    this.runtime ??= chosen();
    const runtime = await this.runtime;
    const worker = this.home(id, runtime);
    this.jobs += 1;
    const number = this.jobs;
    worker.postMessage({ number, id, model: this.models[id], runtime, base: document.baseURI, ...job });
    return new Promise((resolve, reject) => this.waiting.set(number, { resolve, reject }));
  }

  // Models are dealt out as they are asked for; a graphics card serves one worker best.
  home(id, runtime) {
    this.workers ??= [];
    if (!this.homes.has(id)) {
      const size = runtime === "webgpu" ? 1 : this.size;
      const at = this.homes.size % size;
      this.workers[at] ??= this.worker();
      this.homes.set(id, this.workers[at]);
    }
    return this.homes.get(id);
  }

  worker() {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data: { number, address, error } }) => {
      const { resolve, reject } = this.waiting.get(number);
      this.waiting.delete(number);
      if (error) reject(new Error(error));
      else resolve(address);
    };
    worker.onerror = (event) => {
      for (const { reject } of this.waiting.values()) reject(new Error(event.message || "the worker did not start"));
      this.waiting.clear();
    };
    return worker;
  }
}

// WebGPU where there is a real one, and the runtime's smaller build for it can run; else WebAssembly.
async function chosen() {
  try {
    const adapter = "Suspending" in WebAssembly && (await navigator.gpu?.requestAdapter());
    return adapter && !adapter.info?.isFallbackAdapter ? "webgpu" : "wasm";
  } catch {
    return "wasm";
  }
}
