// Work that is not saved yet, kept in localStorage across reloads. One entry a tab, so that two tabs of a flow never
// replay each other's; a lock shows which tabs still live, and the entry of a closed one is taken up.
const PREFIX = "baton:unsaved:";
const TAB = "baton:tab";

export class Store {
  constructor(flow) {
    this.prefix = `${PREFIX}${flow}:`;
    this.key = this.prefix + (sessionStorage.getItem(TAB) ?? newTab());
  }

  /** Whether nothing waits, of no tab. */
  get isEmpty() {
    return !Object.keys(localStorage).some((one) => one.startsWith(this.prefix));
  }

  keep(revision, gestures) {
    if (!this.isClaimed) return; // what lies there is still to be taken up
    try {
      if (!gestures.length) return localStorage.removeItem(this.key);
      const plain = gestures.map(({ operations, label }) => ({ operations, label }));
      localStorage.setItem(this.key, JSON.stringify({ revision, gestures: plain }));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // storage is full or off: leaving still warns
    }
  }

  /**
   * Makes this tab's entry its own, and answers with work that waits: {revision, gestures}, or null. Where it can't be
   * taken up now (`canReplay`), it is left for the next page.
   */
  async claim(canReplay) {
    if (!canReplay || !(await hold(this.key))) {
      this.key = this.prefix + newTab(); // a duplicated tab has the id of the other
      await hold(this.key);
    }
    this.isClaimed = true;
    if (!canReplay) return null;
    const own = this.#read(this.key);
    if (own) return own;
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith(this.prefix) && one !== this.key)) {
      const found = this.#read(key);
      if (!found || !(await hold(key))) continue;
      localStorage.removeItem(key);
      return found;
    }
    return null;
  }

  #read(key) {
    try {
      const found = JSON.parse(localStorage.getItem(key));
      const whole = Number.isInteger(found?.revision) && found.gestures?.length > 0;
      return whole && found.gestures.every(({ operations }) => Array.isArray(operations)) ? found : null;
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }
}

function newTab() {
  const id = Math.random().toString(36).slice(2, 10);
  sessionStorage.setItem(TAB, id);
  return id;
}

/** Takes a lock for as long as this page lives; false where another page has it. Without locks: always. */
function hold(name) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock && new Promise(() => {});
    });
  });
}
