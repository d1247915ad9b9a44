// What the trainings hold: curves({models}) → {curves: {id: …}, wrong: {id: why not}} | {error: text}, and progress in the
// same way. What has arrived once is kept until it is forgotten.

const AT_ONCE = 10; // models a request: space/limits.py

export class Histories {
  constructor(ask, part) {
    Object.assign(this, { ask, part, kept: new Map(), asked: new Map(), wrong: new Map() });
  }

  get(id) {
    return this.kept.get(id);
  }

  forget(id) {
    this.asked.delete(id); // what is kept stays until the new one is there
  }

  // Resolves when all are there; one that fails is asked for again the next time.
  want(ids) {
    const missing = ids.filter((id) => !this.asked.has(id));
    for (let i = 0; i < missing.length; i += AT_ONCE) {
      const models = missing.slice(i, i + AT_ONCE);
      const answer = this.answer(models);
      for (const id of models) this.asked.set(id, answer);
    }
    return Promise.all(ids.map((id) => this.asked.get(id)));
  }

  async answer(models) {
    try {
      const answer = await this.ask({ models });
      if (!answer?.[this.part]) throw new Error(answer?.error ?? "no answer");
      for (const id of models) this.wrong.delete(id);
      for (const [id, one] of Object.entries(answer[this.part])) this.kept.set(id, one);
      for (const [id, why] of Object.entries(answer.wrong ?? {})) {
        this.wrong.set(id, why);
        this.forget(id);
      }
    } catch (error) {
      for (const id of models) this.forget(id);
      throw error;
    }
  }
}

// Mean over a twentieth of the series, centred; near its ends over what there is. As the cards' curves are smoothed.
export function smoothed(x) {
  const reach = Math.max(1, Math.floor(x.length / 40));
  return x.map((_, i) => {
    const near = x.slice(Math.max(0, i - reach), i + reach + 1).filter((value) => value != null);
    return near.length ? near.reduce((sum, value) => sum + value, 0) / near.length : null;
  });
}

// The index of the last moment up to `kimg`; the first where that is earlier than all.
export function indexAt(moments, kimg) {
  let at = 0;
  while (at + 1 < moments.length && moments[at + 1] <= kimg + 1e-6) at += 1;
  return at;
}
