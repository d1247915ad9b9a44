// The body of every piece's js_on_load: the one place where gradio and the pieces meet.
import(new URL("look/page.js", document.baseURI)).then((page) => page.mount(element, props, server),
  () => (element.textContent = "This part of the page did not arrive. Load the page again."));
