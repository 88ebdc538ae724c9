// Where a line runs between two points, as SVG path data. Pure geometry; left to right is forwards.
const STUB = 18;
const CORNER = 10;

const between = (a, b, t) => a + (b - a) * t;
const number = (value) => Math.round(value * 10) / 10;

/** {d, at(t)}: the path from `a` to `b`, and the point at a share of it. `floor` is the y that a way back runs at. */
export function route(a, b, floor = Math.max(a.y, b.y) + 64, isLoop = false) {
  return !isLoop && b.x - a.x >= 2 * STUB ? forwards(a, b) : backwards(a, b, floor);
}

function forwards(a, b) {
  const pull = Math.max(24, (b.x - a.x) / 2);
  const [c, e] = [{ x: a.x + pull, y: a.y }, { x: b.x - pull, y: b.y }];
  const d = `M${number(a.x)} ${number(a.y)}C${number(c.x)} ${number(c.y)} ${number(e.x)} ${number(e.y)} ${number(b.x)} ${number(b.y)}`;
  return { d, at: (t) => onCurve(a, c, e, b, t) };
}

function onCurve(a, c, e, b, t) {
  const s = 1 - t;
  const mix = (axis) => s * s * s * a[axis] + 3 * s * s * t * c[axis] + 3 * s * t * t * e[axis] + t * t * t * b[axis];
  return { x: mix("x"), y: mix("y") };
}

/** Out to the right, down to `floor`, back to the left, up, and in: around everything that lies between. */
function backwards(a, b, floor) {
  const [right, left] = [a.x + STUB, b.x - STUB];
  const down = Math.sign(floor - a.y) || 1;
  const up = Math.sign(floor - b.y) || 1;
  const n = number;
  const d =
    `M${n(a.x)} ${n(a.y)}H${n(right - CORNER)}q${CORNER} 0 ${CORNER} ${CORNER * down}V${n(floor - CORNER * down)}` +
    `q0 ${CORNER * down} ${-CORNER} ${CORNER * down}H${n(left + CORNER)}q${-CORNER} 0 ${-CORNER} ${-CORNER * up}` +
    `V${n(b.y + CORNER * up)}q0 ${-CORNER * up} ${CORNER} ${-CORNER * up}H${n(b.x)}`;
  return { d, at: (t) => ({ x: between(right, left, t), y: floor }) };
}
