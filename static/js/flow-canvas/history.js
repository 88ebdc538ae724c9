// What can be undone: gestures, oldest first. One gesture is one step, whatever number of operations it has.
const MOST = 200;
const BURST_MS = 800;

export class History {
  past = [];
  future = [];

  /** Adds a gesture {operations, inverse, label, merge}; one of the same burst joins the gesture before. */
  add(gesture) {
    const last = this.past.at(-1);
    const now = performance.now();
    this.future = [];
    if (gesture.merge && last?.merge === gesture.merge && now - last.at < BURST_MS) {
      Object.assign(last, joined(last, gesture), { at: now });
    } else {
      this.past.push({ ...gesture, at: now });
      if (this.past.length > MOST) this.past.shift();
    }
  }

  clear() {
    this.past = [];
    this.future = [];
  }

  /** Moves the newest gesture from one pile to the other and answers with it; undefined where there is none. */
  back() {
    const gesture = this.past.pop();
    if (gesture) this.future.push({ ...gesture, merge: "" });
    return gesture;
  }

  forth() {
    const gesture = this.future.pop();
    if (gesture) this.past.push(gesture);
    return gesture;
  }
}

/** Two gestures as one: of moves, the last positions, and for the way back the first. */
export function joined(first, second) {
  const moves = [...first.operations, ...second.operations].every(({ op }) => op === "move");
  if (!moves) {
    return { operations: [...first.operations, ...second.operations], inverse: [...second.inverse, ...first.inverse] };
  }
  const positions = (operations) => Object.assign({}, ...operations.map((operation) => operation.positions));
  return {
    operations: [{ op: "move", positions: positions([...first.operations, ...second.operations]) }],
    inverse: [{ op: "move", positions: positions([...second.inverse, ...first.inverse]) }],
  };
}
