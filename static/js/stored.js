// @ts-check
// The browser's own storage, which may be full, switched off or hold something unreadable: then it is
// as if nothing were stored.

/** @param {Storage} storage */
function keeping(storage) {
  return {
    /** @param {string} key @returns {any} */
    get(key) {
      try {
        return JSON.parse(storage.getItem(key) ?? "null");
      } catch {
        return null;
      }
    },
    /** @param {string} key @param {unknown} value null removes it */
    set(key, value) {
      try {
        if (value === null) storage.removeItem(key);
        else storage.setItem(key, JSON.stringify(value));
      } catch {
        // Full or forbidden: the page works on without.
      }
    },
  };
}

const nowhere = /** @type {any} */ ({ getItem: () => null, setItem() {}, removeItem() {} });

/** @param {() => Storage} storage */
function available(storage) {
  try {
    return storage();
  } catch {
    return nowhere; // reading `localStorage` itself throws where cookies are blocked
  }
}

/** Outlives the browser, shared by all tabs. */
export const lasting = keeping(available(() => localStorage));
/** This tab's, outlives a reload. */
export const ofTab = keeping(available(() => sessionStorage));
