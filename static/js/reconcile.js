// @ts-check
// Makes one piece of the page like another, touching only what differs: what a reader has selected,
// focused, opened or scrolled sideways stays as it is. The pieces are nearly equal (a growing answer, its
// final form), so nodes are compared in order, looking only a little ahead.

// Attributes that belong to the reader or to our scripts, not to the server's fragment.
const OURS = new Set(["open", "data-wrap", "data-touched", "aria-expanded"]);

const AHEAD = 8; // so many siblings may have gone before one that stayed

/**
 * @param {Node} target changed in place
 * @param {Node} source taken apart
 */
export function reconcile(target, source) {
  const olds = counted(target);
  // Our scripts' own parts (a code block's buttons) stay at the end.
  const end = [...target.childNodes].find(isMade) ?? null;
  let at = 0;
  for (const fresh of counted(source)) {
    const ahead = olds.slice(at, at + AHEAD).findIndex((old) => joined(old, fresh));
    if (ahead < 0) {
      target.insertBefore(fresh, olds[at] ?? end);
      continue;
    }
    for (const gone of olds.slice(at, at + ahead)) /** @type {ChildNode} */ (gone).remove();
    at += ahead + 1;
  }
  for (const gone of olds.slice(at)) /** @type {ChildNode} */ (gone).remove();
}

/**
 * Makes `old` like `fresh` where it is the same thing; false where it is another.
 * @param {Node} old @param {Node} fresh
 */
function joined(old, fresh) {
  if (old.isEqualNode(fresh) || longer(old, fresh)) return true;
  if (!sameShell(old, fresh)) return false;
  reconcile(old, fresh);
  return true;
}

/**
 * The same for two elements, attributes included.
 * @param {Element} target @param {Element} source
 */
export function become(target, source) {
  for (const { name } of [...target.attributes]) {
    if (!source.hasAttribute(name) && !OURS.has(name)) target.removeAttribute(name);
  }
  for (const { name, value } of [...source.attributes]) {
    if (!OURS.has(name) && target.getAttribute(name) !== value) target.setAttribute(name, value);
  }
  reconcile(target, source);
}

/** @param {Node} node */
const isMade = (node) => node instanceof HTMLElement && "made" in node.dataset;

/**
 * The children that count: not what our scripts added, and not the blank lines between blocks.
 * @param {Node} parent @returns {Node[]}
 */
function counted(parent) {
  const blocks = parent instanceof DocumentFragment || (parent instanceof Element && holdsBlocks(parent));
  return [...parent.childNodes].filter(
    (node) => !isMade(node) && !(blocks && node.nodeType === Node.TEXT_NODE && !node.nodeValue?.trim()),
  );
}

/** @param {Element} element */
const holdsBlocks = (element) => element.matches("article, header, ol, ul, div");

/** A text that only grew is grown, so that a selection in it stays. @param {Node} old @param {Node} fresh */
function longer(old, fresh) {
  if (!(old instanceof Text && fresh instanceof Text) || !fresh.data.startsWith(old.data)) return false;
  old.appendData(fresh.data.slice(old.data.length));
  return true;
}

/** @param {Node} old @param {Node} fresh */
function sameShell(old, fresh) {
  if (!(old instanceof Element && fresh instanceof Element) || old.localName !== fresh.localName) return false;
  return attributes(old) === attributes(fresh);
}

/** @param {Element} element */
function attributes(element) {
  return [...element.attributes]
    .filter(({ name }) => !OURS.has(name))
    .map(({ name, value }) => `${name}=${value}`)
    .sort()
    .join("\n");
}
