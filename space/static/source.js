// Where pictures come from: draw({models, …}) → {sheets: {id: address}, errors?: {id: text}} | {busy: true} |
// {error: text}. What is damaged has an error, and takes no other with it.
// One wish at a time; of a burst only the last is fulfilled. What has arrived once is kept. A draw may have an
// `atOnce(asked)` of its own, how many models it is asked for at a time, and `wishes(models)`: how many it can work at,
// so that the last does not wait for one that is stale already.

const AT_ONCE = 5; // models a request
const KEPT = 240; // sheets
const SLOW = 300; // ms until it is said that something is under way

export class Source {
  constructor(draw, { arrived, slow, busy, failed }, atOnce = AT_ONCE) {
    this.draw = draw;
    this.atOnce = draw.atOnce ?? (() => atOnce);
    this.tell = { arrived, slow, busy, failed };
    this.kept = new Map();
    this.running = 0; // wishes
    this.begun = 0; // so far
    this.newest = 0; // of which something has arrived
    this.telling = Promise.resolve(); // one arrival after the other
  }

  // asked: what draw takes. arrived(sheets, asked) is called once for each part of it that comes.
  want(asked) {
    this.wanted = asked;
    if (asked && this.running < (this.draw.wishes?.(asked.models) ?? 1)) this.run();
  }

  async run() {
    this.running += 1;
    while (this.wanted && this.wanted !== this.taken) {
      const asked = this.taken = this.wanted;
      const slow = setTimeout(() => this.tell.slow(asked), SLOW);
      try {
        await this.fulfil(asked);
      } catch (error) {
        console.warn(error);
        if (this.wanted === asked) this.tell.failed(asked, error.message);
      } finally {
        clearTimeout(slow);
      }
      if (this.wanted === asked) this.wanted = null;
    }
    this.running -= 1;
  }

  async fulfil(asked) {
    const { models, ...rest } = asked;
    const number = this.begun += 1;
    const arrived = (sheets) => {
      const told = this.telling.then(() => {
        if (number < this.newest) return null; // something newer is seen already
        this.newest = number;
        return this.tell.arrived(sheets, asked);
      });
      this.telling = told.catch(() => null);
      return told;
    };
    const key = (id) => `${id} ${JSON.stringify(rest)}`;
    const here = models.filter((id) => this.kept.has(key(id)));
    const missing = models.filter((id) => !this.kept.has(key(id)));
    if (here.length) await arrived(Object.fromEntries(here.map((id) => [id, this.kept.get(key(id))])));
    const wrong = [];
    const atOnce = this.atOnce(asked);
    let next = 0;
    const part = async () => {
      const answer = await this.patiently({ ...rest, models: missing.slice(next, (next += atOnce)) }, asked);
      if (!answer) return; // something newer is wanted
      const { sheets, errors = {} } = answer;
      wrong.push(...Object.values(errors));
      for (const [id, sheet] of Object.entries(sheets)) this.kept.set(key(id), sheet);
      while (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
      await arrived(sheets);
    };
    const parts = async () => {
      while (next < missing.length && this.wanted === asked) await part();
    };
    if (missing.length) await part(); // the first is looked at; of others, one is drawn while another is on its way
    await Promise.all([parts(), parts()]);
    if (this.wanted !== asked) return;
    if (wrong.length) throw new Error(wrong.join("; "));
  }

  async patiently(part, asked) {
    for (;;) {
      const answer = await this.draw(part);
      if (answer?.sheets) return answer;
      if (!answer?.busy) throw new Error(answer?.error ?? "no answer");
      this.tell.busy(asked);
      await new Promise((resolve) => setTimeout(resolve, 1000 + 1000 * Math.random()));
      if (this.wanted !== asked) return null;
    }
  }
}
