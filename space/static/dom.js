// Small helpers for building elements. Text is always set as text, never parsed as HTML.

export function el(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export const range = (n) => Array.from({ length: n }, (_, i) => i);

export const plural = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

export const lessMotionWanted = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export const narrow = () => matchMedia("(max-width: 720px)").matches;

// One polite live region, at most two messages a second.
let region, timer, spoken = 0;
export function say(text) {
  region ??= document.body.appendChild(el("div.zoo-live", { "aria-live": "polite", role: "status" }));
  clearTimeout(timer);
  timer = setTimeout(() => {
    region.textContent = text;
    spoken = Date.now();
  }, Math.max(0, 500 - (Date.now() - spoken)));
}
