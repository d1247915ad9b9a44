// What rows are wanted, in words: "hinge fid<60 -collapsed". All words must hold; one with a minus must not. A word is
// looked for in a row's texts; with <, >, <=, >=, = or != it is about a column, by its name or title without spaces.

const TERM = /(-?)(?:([\p{L}_][\p{L}\d_]*)(<=|>=|!=|=|<|>))?(?:"([^"]*)"|(\S*))/gu;
const plain = (text) => text.toLowerCase().replaceAll(/[^\p{L}\d]/gu, "");
// As the table shows numbers, too: 62,500 and 90%.
const numbered = (text) => Number(text.replaceAll(/,(?=\d{3}\b)/g, "").replace(/k$/i, "e3").replace(/%$/, "e-2"));
// Whether a title has these words, written as one: "classifierdistance", "steps"; but no part of one.
const says = (title, name) => {
  const words = title.toLowerCase().split(/[^\p{L}\d]+/u);
  return words.some((_, from) => words.slice(from).some((_, more) => words.slice(from, from + more + 1).join("") === name));
};
// A cell's value and, behind it, what is seen of it: 250.08 and 250.
const COMPARE = {
  "<": ([a], b) => a < b, ">": ([a], b) => a > b, "<=": ([a], b) => a <= b, ">=": ([a], b) => a >= b,
  "=": (all, b) => all.includes(b), "!=": (all, b) => !all.includes(b),
};

// → {holds: row → whether, wrong: [what cannot be understood]}.
export function wanted(text, columns, textOf) {
  const wrong = [];
  const tests = [...text.matchAll(TERM)].map(([word, not, name, sign, quoted, bare]) => {
    const value = quoted ?? bare.replaceAll('"', ""); // of which the second is not typed yet
    const test = value && (name ? about(word, name, sign, value, columns, wrong)
      : (row) => textOf(row).toLowerCase().includes(value.toLowerCase()));
    return test && not ? (row) => !test(row) : test;
  }).filter(Boolean);
  return { holds: (row) => tests.every((test) => test(row)), wrong };
}

function about(word, name, sign, value, columns, wrong) {
  const column = columns.find((one) => plain(one.name) === plain(name)) ?? columns.find((one) => says(one.title, plain(name)));
  const number = numbered(value);
  const texts = column && !column.numbers;
  if (!column) wrong.push(`no column “${name}”`);
  else if (!texts && Number.isNaN(number)) wrong.push(`“${word}” compares with no number`);
  else if (texts && !["=", "!="].includes(sign)) wrong.push(`“${word}”: ${column.title} is no number`);
  else {
    return (row) => {
      const cell = row.cells[column.name];
      if (cell?.value == null) return sign === "!=";
      return texts ? COMPARE[sign]([cell.value.toLowerCase()], value.toLowerCase()) : COMPARE[sign]([cell.value, numbered(cell.shown)], number);
    };
  }
  return null; // while it is being typed
}

// The text with `name=value` in the place of what it said of that column; without it where `value` is "".
export function narrowed(text, name, value) {
  const rest = text.split(/\s+/).filter((term) => term && !term.startsWith(`${name}=`)).join(" ");
  return [rest, value && `${name}=${value}`].filter(Boolean).join(" ");
}

export const narrowedTo = (text, name) => text.split(/\s+/).find((term) => term.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
