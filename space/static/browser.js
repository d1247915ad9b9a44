// The page without a server, beside gradio.js: the same pieces, and what they ask for is drawn here, by workers.

import { film } from "./browser/animation.js";
import { Pool } from "./browser/pool.js";
import { tabs } from "./browser/tabs.js";
import { el } from "./dom.js";
import { mount, readAhead } from "./page.js";

const KEPT = 120; // pictures, of some 250 kB
const SIDE = 192; // px of a picture of a film

const json = async (name) => {
  const answer = await fetch(new URL(name, document.baseURI));
  if (!answer.ok) throw new Error(`${name} cannot be had (${answer.status})`);
  return answer.json();
};

// draw({models, …}) → {sheets: {id: address}, errors?}, as the server has it; each picture is drawn once.
class Studio {
  // models: of zoo.json, id → {file, first, …}.
  constructor(models, pool) {
    Object.assign(this, { models, pool, kept: new Map() });
    this.draw = Object.assign((asked) => this.each(asked), {
      atOnce: ({ models: ids, ...asked }) => (ids.every((id) => this.lies(id, asked)) ? ids.length : pool.size),
      wishes: (ids) => pool.wishes(ids),
    });
    this.film = (asked) => this.filmed(asked);
  }

  async each({ models, ...asked }) {
    const [sheets, errors] = [{}, {}];
    this.pool.warmUp(models);
    await Promise.all(models.map(async (id) => {
      try {
        sheets[id] = await this.picture(id, asked);
      } catch (error) {
        errors[id] = `${id}: ${error.message}`;
      }
    }));
    return Object.keys(errors).length ? { sheets, errors } : { sheets };
  }

  // Whether it was drawn when the page was made.
  lies(id, asked) {
    return JSON.stringify(this.models[id].first?.asked) === JSON.stringify(asked);
  }

  picture(id, asked) {
    if (this.lies(id, asked)) return new URL(this.models[id].first.file, document.baseURI).href;
    const key = `${id} ${JSON.stringify(asked)}`;
    const here = this.kept.get(key) ?? this.pool.run(id, asked);
    this.kept.delete(key);
    this.kept.set(key, here);
    here.catch(() => this.kept.delete(key));
    while (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    return here;
  }

  async filmed({ models, ...asked }) {
    try {
      const sheets = await Promise.all(models.map((id) => this.picture(id, asked)));
      const rows = asked.anchors.length === 4 ? asked.steps : 1;
      return { film: await film(sheets, { rows, side: SIDE, fps: this.fps }) };
    } catch (error) {
      return { error: error.message };
    }
  }
}

async function open() {
  const { catalogue, models, without, curves, board, buildings } = await json("zoo.json");
  const studio = new Studio(models, new Pool(models));
  studio.fps = catalogue.limits.fps;
  const kept = new Map(); // what has been fetched
  const fetched = (name) => {
    if (!kept.has(name)) kept.set(name, json(name).catch((error) => (kept.delete(name), Promise.reject(error))));
    return kept.get(name);
  };
  const place = async ({ building }) => ({ map: (await fetched(buildings))[building], error: without.maps });
  const each = (name) => async ({ models: ids }) => {
    const found = {}, wrong = {};
    await Promise.all(ids.map(async (id) => {
      if (!Object.hasOwn(curves.files, id)) return (wrong[id] = `no training named '${id}'`);
      const file = curves.files[id];
      return fetched(file).then((of) => (found[id] = of[name]), (error) => (wrong[id] = `${id}: ${error.message}`));
    }));
    return { [name]: found, wrong };
  };
  const views = {
    compare: { server: { draw: studio.draw } },
    interpolate: { server: { draw: studio.draw, film: studio.film } },
    facades: { server: { draw: studio.draw, place, measure: async () => ({ error: without.maps }) } },
    curves: { server: { runs: async () => ({ runs: curves.runs }), curves: each("curves"), progress: each("progress") },
      props: { live: false, papers: curves.papers } },
    leaderboard: { server: { board: () => fetched(board), figures: async ({ models: ids }) => {
      const { figures } = await fetched(board);
      return { figures: Object.fromEntries(ids.map((id) => [id, figures[id]])) };
    } } },
  };
  const shown = Object.keys(views).filter((view) => catalogue.tabs.includes(view));
  const head = tabs(document.querySelector("main"), shown, without.page,
    (view, root) => mount(root, { view, ...views[view].props }, views[view].server));
  mount(head, { view: "frame", catalogue });
  readAhead(shown);
}

open().catch((error) => {
  document.querySelector("main").replaceChildren(el("p", { role: "alert" }, `The page did not arrive (${error.message}). Load it again.`));
  throw error;
});
