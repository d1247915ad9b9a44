// Three lines of Python that make what is seen.

// ["dcgan-focal", …] and "-cifar10" of ids that end alike; a place in a path is not cut, nor what an f-string would run.
function shared(models) {
  const names = models.map((model) => model.load);
  const end = `-${models[0].data}`;
  const cut = names.length > 1 && /^[\w.-]+$/.test(end) && names.every((name) => name.endsWith(end));
  return { names: cut ? names.map((name) => name.slice(0, -end.length)) : names, end: cut ? end : "" };
}

function forEach(models, load) {
  const { names, end } = shared(models);
  const paths = names.some((name) => /[\\/]/.test(name));
  const file = paths ? `{name.replace('/', '-')}.png` : "{name}.png";
  return `import zoo\nfor name in ${listed(names)}:\n    ${load(end ? `f"{name}${end}"` : "name")}.save(f"${file}")`;
}

// An option for the class-conditional models alone, which the others would refuse.
function labelled(models, value) {
  const told = [...new Set(models.filter((model) => model.classes).map((model) => model.family))];
  if (!told.length) return "";
  if (models.every((model) => model.classes)) return `, labels=${value}`;
  const test = told.map((family) => `"${family}" in name`).join(" or ");
  return `, labels=${value} if ${test} else None`;
}

export function python(state) {
  const models = state.shown();
  if (state.get("view") === "facades") return ofFacades(state);
  if (state.get("view") === "lab") return ofLab(state);
  const of = { curves: ofCurves, leaderboard: ofFigures }[state.get("view")];
  const taken = of ? state.taken[state.get("view")] ?? [] : models;
  if (!taken.length) return "import zoo\nprint(zoo.list_models())";
  if (of) return of(listed(taken.map((model) => model.load)));
  return state.get("view") === "interpolate" ? ofWalk(state, models) : ofSheets(state, models);
}

function ofSheets(state, models) {
  const { columns: across, classes: most } = state.limits;
  const label = state.get("class");
  const classes = state.classes();
  const n = label === "rows" && classes ? across * Math.min(classes, most) : across * across;
  const columns = classes || n !== across * across ? `, columns=${across}` : "";
  const trunc = state.get("trunc");
  const options = `${n}${columns}, seed=${state.get("seed")}${trunc == null ? "" : `, truncation=${trunc.toFixed(1)}`}`;
  const value = label === "rows" ? `[i // ${across} for i in range(${n})]` : label;
  return forEach(models, (name) => `zoo.load(${name}).grid(${options}${label === "all" ? "" : labelled(models, value)})`);
}

function ofWalk(state, models) {
  const keys = state.get("c") ? ["a", "b", "c", "d"] : ["a", "b"];
  const steps = state.get("c") ? state.limits.columns : state.get("steps");
  const anchors = keys.map((key) => `(${state.get(key).join(", ")})`).join(", ");
  const path = state.get("path") === "lerp" ? ', mode="lerp"' : "";
  const labels = state.labels();
  const options = `${anchors}, steps=${steps}${path}${labels ? labelled(models, `[${labels.join(", ")}]`) : ""}`;
  return forEach(models, (name) => `zoo.pictures.grid(zoo.load(${name}).interpolate(${options}), columns=${steps})`);
}

// Python's list of names.
function listed(names) {
  return names.some((name) => /\s/.test(name)) ? JSON.stringify(names) : `${JSON.stringify(names.join(" "))}.split()`;
}

function ofCurves(names) {
  return "import matplotlib.pyplot as plt, zoo.checkpoint, zoo.names\n"
    + `for name, key in [(name, key) for name in ${names} for key in ("d_loss", "g_loss")]: plt.plot(*zip(*[(line["kimg"], line[key]) for line in zoo.checkpoint.read_history(zoo.names.local(name)) if key in line]), label=f"{name} {key}")\n`
    + 'plt.legend(); plt.savefig("curves.png")';
}

// Of each measure the row that counts, which is the one that is seen.
function ofFigures(names) {
  return `import zoo, zoo.measurements as of\nfor name in ${names}:\n`
    + "    rows = zoo.info(name).metrics.rows; print(name, {key: of.value(rows, key) for key in sorted(map(of.measure_of, rows))})";
}

// What each generator feels at the score that is asked about: the slope of its loss.
function ofLab(state) {
  const constants = (name) => state.get("with").map((text) => text.split(/^([\w-]+)\./)).filter(([, loss]) => loss === name)
    .map(([, , rest]) => rest.split(":")).filter((pair) => pair.length === 2).map(([field, value]) => `"${field}": ${+value}`);
  const losses = state.get("loss").map((name) => `"${name}": {${constants(name).join(", ")}}`).join(", ");
  return `import torch, zoo\nscore, real = torch.tensor(${state.get("score").toFixed(1)}, requires_grad=True), torch.tensor(0.0)\n`
    + `for name, of in {${losses}}.items(): print(name, *torch.autograd.grad(zoo.losses.get(name, **of).g(score, real), score))`;
}

function ofFacades(state) {
  const models = state.translators();
  const [pair, text] = [state.get("pair"), state.get("text")];
  const invented = !state.get("drawing") && state.get("building") != null;
  const map = invented || !text ? `random_building(seed=${state.get("building") ?? 1})` : `unpack("${text}")`;
  const seed = (state.get("drop") + (pair != null && !state.get("drawing") ? pair : 0)) % 2 ** 32; // as train/evaluate.py has it
  return forEach(models, (name) => `zoo.load(${name}).translate(zoo.facades.${map}${seed ? `, seed=${seed}` : ""})`);
}
