/**
 * Which frame is due while a video plays. Pure: the clock and the frames' times are given. Frames that come late are
 * left out; a frame is asked for by its number, so what is shown is always the frame that is named.
 */

/**
 * @typedef {object} Reel
 * @property {number} count
 * @property {(n: number) => number} timeOf when frame n is shown, in seconds
 * @property {(n: number) => boolean} ready whether frame n can be shown at once
 */

export class Player {
  /** @param {Reel} reel */
  constructor(reel) {
    this.reel = reel;
    this.speed = 1;
    /** @type {[number, number] | null} first and last frame, played again and again */
    this.loop = null;
    this._from = { clock: 0, time: 0 };
    /** @type {number[]} when the last frames were shown */
    this._shownAt = [];
    this.dropped = 0;
    this._last = -1;
    /** Whether the frame that was asked for last had to be waited for. */
    this._waits = false;
  }

  get first() {
    return this.loop ? this.loop[0] : 0;
  }

  get last() {
    return this.loop ? this.loop[1] : this.reel.count - 1;
  }

  /** Begin with a frame that is on screen. @param {number} frame @param {number} clock seconds */
  start(frame, clock) {
    this._from = { clock, time: this.reel.timeOf(frame) };
    this._last = frame;
    this._shownAt = [];
    this.dropped = 0;
  }

  /** The same frame, another speed. @param {number} speed @param {number} frame @param {number} clock */
  setSpeed(speed, frame, clock) {
    this.speed = speed;
    this._from = { clock, time: this.reel.timeOf(frame) };
  }

  /** The frame that is to be on screen at a moment. @param {number} frame the one that is there @param {number} clock seconds */
  due(frame, clock) {
    const time = this._from.time + (clock - this._from.clock) * this.speed;
    let n = frame;
    // A hundredth of a frame early is on time: clocks tick in whole milliseconds.
    while (n < this.last && this.reel.timeOf(n + 1) <= time + 1e-4) n += 1;
    return n;
  }

  /**
   * What to ask for now; null while the frame on screen may stay. Of the frames that are due the last one that can be
   * shown at once. Where there is none, the next one (at a higher speed some are passed over), and the clock waits for
   * it: what is being decoded would be thrown away if the one that is due were asked for, again and again.
   * @param {number} frame the one on screen @param {number} clock seconds
   * @returns {{frame: number, again?: boolean} | "end" | null}
   */
  next(frame, clock) {
    if (frame >= this.last || frame < this.first) {
      if (!this.loop) return "end";
      const length = this.reel.timeOf(this.last) - this.reel.timeOf(Math.max(this.last - 1, 0));
      const over = this._from.time + (clock - this._from.clock) * this.speed - this.reel.timeOf(this.last);
      return frame < this.first || over >= length ? { frame: this.first, again: true } : null;
    }
    const due = this.due(frame, clock);
    if (due <= frame) return null;
    for (let n = due; n > frame; n--) if (this.reel.ready(n)) return { frame: n };
    this._waits = true;
    return { frame: Math.min(due, frame + Math.max(1, Math.floor(this.speed))) };
  }

  /** How long the frame on screen stays, in seconds. @param {number} frame @param {number} clock seconds */
  stays(frame, clock) {
    if (frame >= this.last) return 0;
    return (this.reel.timeOf(frame + 1) - this._from.time) / this.speed - (clock - this._from.clock);
  }

  /** A frame came on screen. @param {number} frame @param {number} clock seconds */
  shown(frame, clock) {
    if (this._last >= 0 && frame > this._last + 1) this.dropped += frame - this._last - 1;
    if (this._waits) this._from = { clock, time: this.reel.timeOf(frame) };
    this._waits = false;
    this._last = frame;
    this._shownAt.push(clock);
    while (this._shownAt.length > 2 && clock - this._shownAt[0] > 1.5) this._shownAt.shift();
  }

  /** Frames a second over the last second or so; 0 before there are two. */
  get rate() {
    const { _shownAt: at } = this;
    return at.length > 1 ? (at.length - 1) / (at[at.length - 1] - at[0]) : 0;
  }
}
