// Toy trainings, over POST lab: ask(what) → a frame, or what the server says instead. One request at a time; the server trains
// only while it is asked to, and is told when the page closes.

const ADDRESS = new URL("../lab", import.meta.url);
const PACE = 1000 / 12; // ms a frame, at least, where the steps of a frame are counted
const FULL = 1000; // steps a frame: as many as the server has time for

const page = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function ask(what) {
  const answer = await fetch(ADDRESS, { method: "POST", body: JSON.stringify({ page, ...what }) });
  if (answer.headers.get("content-type")?.includes("json")) return answer.json();
  return answer.arrayBuffer();
}

// content: an ArrayBuffer. sizes: how many points, scores and arrows a side → {steps, places, losses: [{name, …}]}.
export function frame(content, sizes) {
  const length = new DataView(content).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length)));
  let at = 4 + length;
  const take = (Kind, count) => new Kind(content, (at += count) - count, count);
  const losses = Object.entries(head.losses).map(([name, said]) => ({
    name, ...said, points: take(Uint8Array, 2 * sizes.points), scores: take(Uint8Array, sizes.field ** 2),
    arrows: take(Int8Array, 2 * sizes.arrows ** 2),
  }));
  return { ...head, losses };
}

export class Trainer {
  // shown(frame), told(words, again?): what is under way, and whether to offer a new start; playing(yes)
  constructor(sizes, most, { shown, told, playing }) {
    Object.assign(this, { sizes, most, shown, told, playing, run: 0, steps: 1, on: false });
    addEventListener("pagehide", () => navigator.sendBeacon(ADDRESS, JSON.stringify({ page, ask: "end" })));
  }

  // A new training in the place of the last; it plays on if that did.
  async start(setting) {
    const run = (this.run += 1);
    this.setting = setting;
    await this.busy; // one request at a time
    if (run !== this.run) return;
    if (await this.fetch({ ask: "start", ...setting }, run)) this.loop(run);
  }

  play() {
    this.on = true;
    this.playing(true);
    Promise.resolve(this.busy).then(() => this.loop(this.run));
  }

  pause() {
    this.on = false;
    this.playing(false);
  }

  step() {
    this.pause();
    return this.busy ?? this.fetch({ ask: "tick", steps: 1 }, this.run);
  }

  async loop(run) {
    while (this.on && run === this.run && !this.busy) {
      const began = performance.now();
      if (!(await this.fetch({ ask: "tick", steps: this.steps || FULL }, run))) return;
      if (this.steps) await sleep(PACE - (performance.now() - began));
    }
  }

  // True when a frame of this run has come.
  async fetch(what, run) {
    const asked = this.ask(what, run);
    this.busy = asked.catch(() => null);
    const came = await this.busy;
    this.busy = null;
    return came;
  }

  async ask(what, run) {
    const late = setTimeout(() => run === this.run && this.told("the server is at work"), 1500);
    try {
      for (;;) {
        const answer = await ask(what);
        if (run !== this.run) return false;
        if (answer instanceof ArrayBuffer) {
          const now = frame(answer, this.sizes);
          this.told("");
          this.shown(now);
          if (now.steps >= this.most) this.pause();
          return true;
        }
        if (!answer.busy) return this.stop(answer.gone ? "This training was let go: it rested too long." : answer.error);
        this.told("many are training, trying again");
        await sleep(1000 + 1000 * Math.random());
      }
    } catch {
      return run === this.run && this.stop("The training did not arrive.");
    } finally {
      clearTimeout(late);
    }
  }

  stop(words) {
    this.pause();
    this.told(words, true);
    return false;
  }
}
