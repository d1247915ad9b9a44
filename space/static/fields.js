// What only one view knows, as it stands in the link: view → {name: [default, read]}. `read` takes the link's text and
// gives a value, or null where there is none that can be.

const oneOf = (...known) => (text) => (known.includes(text) ? text : null);
const some = (...known) => (text) => known.filter((one) => (text ?? "").split(",").includes(one));
const list = (text) => text?.split(",").filter(Boolean) ?? null; // an empty one is a choice, too
const number = (text) => (/^\d{1,9}(\.\d{1,17})?$/.test(text ?? "") ? +text : null);
const decimal = (text) => (/^-?\d{1,9}(\.\d{1,17})?$/.test(text ?? "") ? +text : null);
const within = (reach) => (text) => (Math.abs(decimal(text) ?? Infinity) <= reach ? +text : null);
const whole = (most) => (text) => (/^\d{1,10}$/.test(text ?? "") && +text <= most ? +text : null);
const pairs = (text) => {
  const parts = (text ?? "").split(",").map(decimal);
  if (parts.length % 2 || parts.some((part) => part == null || Math.abs(part) > 125)) return null;
  return parts.flatMap((part, i) => (i % 2 ? [[parts[i - 1], part]] : []));
};

// The rest would go as it is into Python that people copy.
export const CONSTANT = /^([\w-]+)\.(\w+):(-?\d{1,9}(?:\.\d{1,17})?)$/;
const constants = (text) => list(text)?.filter((one) => CONSTANT.test(one)) ?? null;

export const FIELDS = {
  curves: {
    models: [null, list], // null: those of the picker and the architectures
    scale: ["common", oneOf("common", "own")],
    lines: ["both", oneOf("both", "raw", "smooth")],
    also: [[], some("penalty", "norms", "accuracy", "gap")],
    kimg: [null, number], // null: the end
  },
  leaderboard: {
    by: ["fid", (text) => (/^-?[a-z][a-z\d_]*$/.test(text ?? "") ? text : null)], // with a minus: the most first
    where: ["", (text) => text], // where.js reads it
    cols: [null, list], // null: the usual ones
  },
  lab: {
    score: [-3, within(6)], // the score that is asked about
    with: [[], constants], // constants moved from where they start: "focal.gamma:3"
    toy: ["ring", oneOf("ring", "grid", "moons", "own")],
    places: [[], pairs], // of one's own points, in hundredths
    start: [7, whole(4294967295)],
    opt: ["adam", oneOf("adam", "plain")],
    lead: [0, (text) => (text === "200" ? 200 : null)],
  },
};
