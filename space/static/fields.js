// What only one view knows, as it stands in the link: view → {name: [default, read]}. `read` takes the link's text and
// gives a value, or null where there is none that can be.

const oneOf = (...known) => (text) => (known.includes(text) ? text : null);
const some = (...known) => (text) => known.filter((one) => (text ?? "").split(",").includes(one));
const list = (text) => (text ? text.split(",") : null);
const number = (text) => (/^\d+(\.\d+)?$/.test(text ?? "") ? +text : null);

export const FIELDS = {
  curves: {
    models: [null, list], // null: those of the picker and the architectures
    scale: ["common", oneOf("common", "own")],
    lines: ["both", oneOf("both", "raw", "smooth")],
    also: [[], some("penalty", "norms", "accuracy", "gap")],
    kimg: [null, number], // null: the end
  },
  leaderboard: {
    by: ["fid", (text) => (/^-?[a-z_]+$/.test(text ?? "") ? text : null)], // with a minus: the most first
    where: ["", (text) => text], // where.js reads it
    cols: [null, list], // null: the usual ones
  },
};
