// What the first page did not bring: the rest of the steps, calls of a step that is unfolded, older lines of the log.
export class Pages {
  constructor(page, cursor) {
    this.page = page;
    this.cursor = cursor;
    this.asked = new Set();
  }

  /** Reads the remaining steps before the socket is opened: each page says as of which seq it is. */
  async steps() {
    while (this.cursor) {
      const [place, node, iteration, item] = this.cursor;
      const query = new URLSearchParams({ place, node, iteration, item });
      const found = await this.#read(`steps/?${query}`);
      if (!found) return;
      this.page.trace.take(found.rows, found.seq, null);
      this.cursor = found.cursor;
      this.page.changed(found.rows.map(({ node: name }) => name));
    }
  }

  async calls(row) {
    if (this.asked.has(row.key)) return;
    this.asked.add(row.key);
    const found = await this.#read(`steps/${row.key}calls/`);
    this.asked.delete(row.key);
    if (!found) return;
    this.page.trace.takeCalls(row.key, found.events, found.seq);
    this.page.frames.ask();
  }

  async older(before) {
    return (await this.#read(`events/?before=${before}`))?.events ?? [];
  }

  async #read(path) {
    try {
      const answer = await fetch(this.page.url + path, { headers: { Accept: "application/json" } });
      return answer.ok ? await answer.json() : null;
    } catch (error) {
      if (error instanceof TypeError) return null; // no connection: what is asked again comes later
      throw error;
    }
  }
}
