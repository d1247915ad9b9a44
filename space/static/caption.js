// What stands under a sheet, and in the place of one that there is not.

import { el } from "./dom.js";

export const thousands = (n) => (n % 1000 === 0 ? `${n / 1000}k` : String(n));

export function caption({ figures }) {
  if (!figures) return ["no figures yet"];
  const value = [figures.name, figures.n != null && el("sub", {}, thousands(figures.n)), ` ${figures.value.toFixed(figures.digits)}`];
  return [
    el(figures.best ? "b" : "span", {}, value),
    figures.reach ? ` · ${figures.reach}` : null,
    figures.collapsed ? el("b", {}, " † collapsed") : null,
  ].filter(Boolean);
}

// An honest frame: dashed, with what would fill it or why nothing can.
export function empty(family, loss, data) {
  const reason = family.refused[loss];
  return el("div.empty", {}, el("p", {}, reason ? "Not in the zoo" : "Not trained yet"),
    reason ? el("p.why", {}, reason) : el("code", {}, `python ${family.command} --loss ${loss} ${data.options}`));
}
