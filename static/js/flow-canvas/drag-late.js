// A drag that needs a part which may still be on its way: it goes on, and ends, where the pointer was meanwhile.
import { loaded } from "./parts.js";

export class LateDrag {
  autopans = true;

  /** `begin(module)` makes the gesture. */
  constructor(canvas, part, begin) {
    loaded(canvas, part).then((module) => module && !this.isCancelled && this.#go(begin(module)));
  }

  move(place) {
    this.place = place;
    this.gesture?.move(place);
  }

  drop(place) {
    this.dropped = place;
    this.gesture?.drop(place);
  }

  cancel() {
    this.isCancelled = true;
    this.gesture?.cancel();
  }

  #go(gesture) {
    this.gesture = gesture;
    if (this.place) gesture.move(this.place);
    if (this.dropped) gesture.drop(this.dropped);
  }
}
