// What the keys do: those that change the flow come first.
import { EditKeys } from "./edit-keys.js";
import { LookKeys } from "./look-keys.js";

export class Keys {
  constructor(canvas) {
    this.canvas = canvas;
    this.edit = new EditKeys(canvas);
    this.look = new LookKeys(canvas);
  }

  /** What a key does, as a function; nothing where it is none of ours. */
  action(event) {
    return (this.canvas.editable && this.edit.action(event)) || this.look.action(event);
  }
}
