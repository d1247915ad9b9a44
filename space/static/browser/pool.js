// The workers that draw, and which models each holds. A worker reads the runtime and a model when it is first asked for
// it; where workers outnumber the models that are looked at, each model comes to lie in two, so that the last wish does
// not wait for one that is stale. A page that is isolated (crossOriginIsolated: by headers of its server) may have
// threads: the model that alone translates gets all cores, half of them for each of the two.

const MOST = 4; // workers: each holds the runtime in memory
const COPIES = 2; // of a model
const READ_AHEAD = 500; // ms of quiet

export class Pool {
  // models: id → {file, …}, of zoo.json.
  constructor(models) {
    this.models = models;
    this.size = Math.max(1, Math.min(MOST, navigator.hardwareConcurrency ?? 1, Object.keys(models).length));
    const translators = Object.keys(models).filter((id) => models[id].palette);
    this.threads = self.crossOriginIsolated ? Math.floor(Math.min(MOST, navigator.hardwareConcurrency ?? 1) / COPIES) : 1;
    this.threaded = this.threads > 1 && translators.length === 1 ? translators[0] : null;
    this.workers = []; // {worker, threads, holds: ids of models, jobs: how many wait}
    this.waiting = new Map(); // number of a job → {place, resolve, reject}
    this.sent = 0;
    this.ahead = new Set();
  }

  // → the address of a picture.
  async run(id, asked) {
    await this.start();
    return this.send(this.home(id), id, { asked });
  }

  // How many wishes for these models can be worked at.
  wishes(models) {
    return Math.max(1, Math.min(Math.floor(this.size / models.length), ...models.map((id) => this.holding(id).length)));
  }

  // Reads what will be needed next, once nobody waits for pictures; not for those who save their data.
  warmUp(ids) {
    for (const id of ids) this.ahead.add(id);
    clearTimeout(this.timer);
    if (navigator.connection?.saveData) return;
    this.timer = setTimeout(() => (this.waiting.size ? this.warmUp([]) : this.read().catch(() => null)), READ_AHEAD);
  }

  async read() {
    const ids = [...this.ahead];
    this.ahead.clear();
    await this.start();
    const reads = (place, id) => this.send(place, id, {}).then(() => true, () => false); // one that fails stops no other
    for (const id of ids) await reads(this.home(id), id);
    const most = Math.min(COPIES, Math.floor(this.size / ids.length));
    for (const id of ids) {
      for (let copies = this.holding(id).length; copies < most; copies += 1) {
        const place = this.place(id);
        if (!(await reads(place, id))) break;
        place.holds.add(id); // only now: until then the first is faster
      }
    }
  }

  async start() {
    this.runtime ??= chosen();
    this.kind = await this.runtime;
    if (this.kind === "webgpu") [this.size, this.threaded] = [1, null]; // a graphics card serves one worker best
  }

  holding(id) {
    return this.workers.filter(({ holds }) => holds.has(id));
  }

  // The worker that draws this model next.
  home(id) {
    const place = this.holding(id).sort((a, b) => a.jobs - b.jobs)[0] ?? this.place(id);
    place.holds.add(id);
    return place;
  }

  // A worker that does not hold it: a new one while there may be more, else that which holds least.
  place(id) {
    if (id === this.threaded) return this.worker(this.threads);
    const plain = this.workers.filter(({ threads }) => threads === 1);
    if (plain.length < this.size) return this.worker(1);
    return plain.filter(({ holds }) => !holds.has(id)).sort((a, b) => a.holds.size - b.holds.size)[0];
  }

  send(place, id, job) {
    this.sent += 1;
    const number = this.sent;
    place.jobs += 1;
    place.worker.postMessage({ number, id, model: this.models[id], runtime: this.kind, threads: place.threads, base: document.baseURI, ...job });
    return new Promise((resolve, reject) => this.waiting.set(number, { place, resolve, reject }));
  }

  worker(threads) {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    const place = { worker, threads, holds: new Set(), jobs: 0 };
    const end = (number, how) => {
      how(this.waiting.get(number));
      this.waiting.delete(number);
      place.jobs -= 1;
    };
    worker.onmessage = ({ data: { number, address, error } }) =>
      end(number, ({ resolve, reject }) => (error ? reject(new Error(error)) : resolve(address)));
    worker.onerror = (event) => {
      const lost = [...this.waiting].filter(([, job]) => job.place === place);
      this.workers = this.workers.filter((one) => one !== place); // the next job starts another
      for (const [number] of lost) end(number, ({ reject }) => reject(new Error(event.message || "the worker did not start")));
    };
    this.workers.push(place);
    return place;
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
