// @ts-check
// Pages as people write them, "1-3,5", and as the protocol has them, [1, 2, 3, 5].

const MOST = 2_000;

/**
 * The numbers in ascending order, each once; empty for all of them; null where it is not understood, or a
 * page is not there.
 * @param {string} text @param {number} last the document's last page, 0 where that is not known
 * @returns {number[] | null}
 */
export function parsePages(text, last) {
  /** @type {Set<number>} */
  const pages = new Set();
  const most = last || MOST;
  for (const part of text.split(/[,，、;\s]+/).filter(Boolean)) {
    const found = /^(\d+)(?:[-–—~](\d+))?$/.exec(part);
    if (!found) return null;
    const [from, to] = [Number(found[1]), Number(found[2] ?? found[1])];
    if (from < 1 || to < from || to > most) return null;
    for (let page = from; page <= to; page += 1) pages.add(page);
  }
  return [...pages].sort((a, b) => a - b);
}

/** @param {number[] | undefined} pages */
export function showPages(pages) {
  /** @type {[number, number][]} */
  const ranges = [];
  for (const page of pages ?? []) {
    const range = ranges.at(-1);
    if (range && range[1] === page - 1) range[1] = page;
    else ranges.push([page, page]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}
