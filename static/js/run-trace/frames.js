// One change of the page a frame, however many events come: what asks meanwhile is shown together.
const HIDDEN_MS = 250;

export class Frames {
  asked = false;

  constructor(show) {
    this.show = show;
  }

  ask() {
    if (this.asked) return;
    this.asked = true;
    const draw = () => {
      this.asked = false;
      this.show();
    };
    // A hidden tab has no frames, but its queue must not grow.
    if (document.hidden) setTimeout(draw, HIDDEN_MS);
    else requestAnimationFrame(draw);
  }
}
