// Runs models. Jobs come as {number, id, model, runtime, threads, base, asked?} and are answered one by one, by
// {number, address} or {number, error}; one without `asked` only reads its model.

import { bitmap } from "./bitmap.js";
import { inputs } from "./inputs.js";

const FILES = { wasm: ["ort.wasm.min.mjs", "ort-wasm-simd-threaded"], webgpu: ["ort.jspi.min.mjs", "ort-wasm-simd-threaded.jspi"] };
const sessions = new Map(); // id → {session, Tensor}
let last = Promise.resolve();
let ready;

async function runtime(kind, threads, base) {
  const at = (name) => new URL(`runtime/${name}`, base).href;
  const [script, files] = FILES[kind];
  const ort = await import(at(script));
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: at(`${files}.mjs`), wasm: at(`${files}.wasm`) };
  ort.env.logLevel = "error";
  return ort;
}

async function opened({ model, runtime: kind, threads, base }) {
  ready ??= runtime(kind, threads, base).catch((error) => (ready = null, Promise.reject(error)));
  const { InferenceSession, Tensor } = await ready;
  const answer = await fetch(new URL(model.file, base));
  if (!answer.ok) throw new Error(`its weights cannot be had (${answer.status})`);
  const session = await InferenceSession.create(await answer.arrayBuffer(), { executionProviders: [kind], logSeverityLevel: 3 });
  return { session, Tensor };
}

async function work(job) {
  if (!sessions.has(job.id)) sessions.set(job.id, await opened(job));
  if (!job.asked) return null;
  const { session, Tensor } = sessions.get(job.id);
  const { given, columns } = await inputs(job.model, job.asked);
  const feeds = Object.fromEntries(Object.entries(given).map(([name, { data, dims }]) => [name, new Tensor("float32", data, dims)]));
  const { images } = await session.run(feeds);
  return bitmap(await images.getData(), images.dims, columns);
}

self.onmessage = ({ data: job }) => {
  last = last.then(async () => {
    try {
      self.postMessage({ number: job.number, address: await work(job) });
    } catch (error) {
      self.postMessage({ number: job.number, error: error.message });
    }
  });
};
