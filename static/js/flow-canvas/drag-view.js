// Moving the view with the pointer: pan, pinch, minimap; and the marquee, which selects.
import { html } from "./elements.js";

export class Pan {
  constructor(canvas, start, { clears = false } = {}) {
    Object.assign(this, { canvas, clears, start: start.screen, from: { x: canvas.view.x, y: canvas.view.y } });
  }

  move({ screen }) {
    this.moved = true;
    this.canvas.toggleAttribute("data-panning", true);
    this.canvas.view.set(this.from.x + screen.x - this.start.x, this.from.y + screen.y - this.start.y);
  }

  drop() {
    this.cancel();
    if (!this.moved && this.clears) this.canvas.selection.select([]);
  }

  cancel() {
    this.canvas.removeAttribute("data-panning");
  }
}

export class MinimapDrag {
  isInstant = true;

  constructor(canvas) {
    this.canvas = canvas;
  }

  move({ event }) {
    this.canvas.minimap.show(event);
  }

  drop() {}

  cancel() {}
}

/** Two fingers: what was between them stays between them. */
export class Pinch {
  constructor(canvas, one, other) {
    this.canvas = canvas;
    this.last = [one, other];
  }

  move(one, other) {
    const [before, now] = [measured(...this.last), measured(one, other)];
    this.last = [one, other];
    this.canvas.view.pan(now.x - before.x, now.y - before.y);
    this.canvas.view.scale(now.distance / (before.distance || 1), now);
  }
}

const measured = (one, other) => ({
  x: (one.x + other.x) / 2,
  y: (one.y + other.y) / 2,
  distance: Math.hypot(one.x - other.x, one.y - other.y),
});

export class Marquee {
  autopans = true;

  constructor(canvas, start) {
    Object.assign(this, { canvas, start: start.world, before: [...canvas.selection.nodes] });
  }

  move({ world }) {
    const { canvas, start } = this;
    this.element ??= canvas.plane.appendChild(html("div", "marquee"));
    const [x, y] = [Math.min(start.x, world.x), Math.min(start.y, world.y)];
    const [w, h] = [Math.abs(start.x - world.x), Math.abs(start.y - world.y)];
    for (const [name, value] of Object.entries({ transform: `translate(${x}px,${y}px)`, width: `${w}px`, height: `${h}px` })) {
      this.element.style.setProperty(name, value);
    }
    const touched = [...canvas.cards.byId.keys()].filter((id) => {
      const box = canvas.cards.box(id);
      return box.x < x + w && box.x + box.w > x && box.y < y + h && box.y + box.h > y;
    });
    canvas.selection.select([...this.before, ...touched], { quietly: true });
  }

  drop() {
    this.element?.remove();
    if (this.element) this.canvas.selection.tell();
  }

  cancel() {
    this.element?.remove();
    this.canvas.selection.select(this.before, { quietly: true });
  }
}
