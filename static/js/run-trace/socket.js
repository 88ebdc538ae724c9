// The live socket: events from a cursor on, none missing and none twice, whatever happens to the connection.
//
// The server replays what stands behind `after`, so a dropped connection, a sleeping tab and a restarted server are all
// the same: connect again with the last seq that was taken.
const FIRST_MS = 500;
const LONGEST_MS = 10_000;
const STALE_MS = 30_000;

export class Socket {
  waited = 0;

  /** `take(frame)` gets {events} or {delta}; `tell(state)` hears live, reconnecting or ended; `isDone()` says whether
   * the last event came. The code of the close does not tell: what lies between may close with any. */
  constructor(path, after, { take, tell, isDone }) {
    Object.assign(this, { path, cursor: after, take, tell, isDone });
    document.addEventListener("visibilitychange", () => this.#seen());
    addEventListener("online", () => this.#again(0));
    addEventListener("pagehide", () => this.#drop());
    addEventListener("pageshow", (event) => event.persisted && this.#again(0));
  }

  open() {
    const url = new URL(`${this.path}?after=${this.cursor}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = (this.socket = new WebSocket(url));
    socket.addEventListener("open", () => {
      this.waited = 0;
      this.tell("live");
    });
    socket.addEventListener("message", ({ data }) => socket === this.socket && this.#hear(JSON.parse(data)));
    socket.addEventListener("close", () => socket === this.socket && this.#closed());
  }

  #hear(frame) {
    if (frame.events) {
      frame.events = frame.events.filter((event) => event.seq > this.cursor);
      if (!frame.events.length) return;
      if (frame.events[0].seq !== this.cursor + 1) return this.#again(0);
      this.cursor = frame.events.at(-1).seq;
    }
    this.take(frame);
  }

  #closed() {
    this.socket = null;
    if (this.isDone()) {
      this.ended = true;
      this.tell("ended");
    } else this.#again();
  }

  #again(delay) {
    if (this.ended) return;
    this.tell("reconnecting");
    this.#drop();
    clearTimeout(this.timer);
    this.waited = Math.min(this.waited ? this.waited * 2 : FIRST_MS, LONGEST_MS);
    // Not all watchers of a restarted server at the same moment.
    this.timer = setTimeout(() => this.open(), delay ?? this.waited * (0.75 + Math.random() / 2));
  }

  #drop() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  #seen() {
    if (document.hidden) this.hiddenAt = Date.now();
    // What slept may hold a connection that nobody serves any more.
    else if (!this.ended && (!this.socket || Date.now() - this.hiddenAt > STALE_MS)) this.#again(0);
  }
}
