/** Parts of the drawing that few pictures need: each is fetched when it is first missed. */
import { Emitter } from "../util.js";

/** Emits `here` when it has come: what was drawn without it is to be drawn again. @template T */
export class Part extends Emitter {
  /** @param {() => Promise<T>} load */
  constructor(load) {
    super();
    this._load = load;
    /** @type {T | null} */
    this._module = null;
    this._asked = false;
  }

  /** @returns {T | null} null until it has come */
  get() {
    if (!this._asked) void this._fetch();
    return this._module;
  }

  async _fetch() {
    this._asked = true;
    try {
      this._module = await this._load();
      this.emit("here");
    } catch {
      this._asked = false; // drawn without it meanwhile; the next drawing asks again
    }
  }
}

export const masks = new Part(() => import("./mask_picture.js"));
/** Thousands of outlines at once. */
export const crowds = new Part(() => import("./crowd.js"));
