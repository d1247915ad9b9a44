// What Facades adds to the state: which map, which models, and how they are shown; and its part of the link.

const LONGEST = 6000; // letters of a drawing in a link; a building has about a thousand
export const KEPT = "here"; // stands for a longer one: it is in this browser's storage alone

export const lossesOf = (catalogue) => [...new Set(catalogue.translators.map((model) => model.loss))];

export function defaults(catalogue) {
  const { maps } = catalogue;
  return {
    maps: lossesOf(catalogue), pair: maps.here ? 0 : null, building: maps.here ? null : 1, own: false, drawing: null, text: null,
    drop: 0, wipe: 66, heat: false, wrapped: false, sort: "loss",
  };
}

export function parse(query, catalogue, { whole, list, seed }) {
  const values = defaults(catalogue);
  if (query.get("view") !== "facades") return values;
  const losses = list(query.get("loss"), values.maps);
  if (losses.length) values.maps = losses;
  const source = query.get("pair") ?? "";
  const pair = whole(source, 0, catalogue.maps.pairs - 1);
  const building = whole(source.match(/^rand\.(\d+)$/)?.[1], 0, catalogue.maps.buildings - 1);
  if (pair != null) Object.assign(values, { pair, building: null });
  else if (building != null) Object.assign(values, { pair: null, building });
  else if (source === "own") Object.assign(values, { pair: null, building: null, own: true });
  values.drawing = /^[\w-]+$/.test(query.get("map") ?? "") ? query.get("map") : null;
  values.drop = whole(query.get("drop"), 0, seed) ?? 0;
  values.wipe = whole(query.get("wipe"), 0, 100) ?? values.wipe;
  values.heat = query.get("show") === "err";
  values.wrapped = query.get("psnr") === "uint8";
  if (query.get("sort") === "psnr") values.sort = "psnr";
  return values;
}

// put(name, value or null): into the link, or out of it.
export function link(values, catalogue, put) {
  const usual = defaults(catalogue);
  const source = (of) => (of.own ? "own" : of.pair != null ? String(of.pair) : `rand.${of.building}`);
  put("loss", values.maps, usual.maps);
  put("pair", source(values), source(usual));
  put("map", values.drawing && values.drawing.length > LONGEST ? KEPT : values.drawing);
  put("drop", values.drop, 0);
  put("wipe", values.wipe, usual.wipe);
  put("show", values.heat ? "err" : null);
  put("psnr", values.wrapped ? "uint8" : null);
  put("sort", values.sort, "loss");
}

// What a link cannot take along; null where it takes all.
export function missing(values) {
  if (values.view !== "facades") return null;
  if (values.drawing && values.drawing.length > LONGEST) return "without the map";
  return values.own && values.photograph ? "without the photo" : null;
}
