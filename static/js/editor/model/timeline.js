/** What the timeline shows, and where: rows of tracks, marks, and the way from frames to pixels. Pure. */
import { trackOf } from "./interpolation.js";

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Op} Op
 * @typedef {{frame: number, outside: boolean}} Mark
 */

/** The frames in sight: `scale` pixels a frame, `first` at the left edge. Immutable. */
export class Scale {
  /** @param {number} frames of the video @param {number} width of the strip in pixels @param {number} [scale] @param {number} [first] */
  constructor(frames, width, scale = 0, first = 0) {
    this.frames = frames;
    this.width = Math.max(1, width);
    this.least = this.width / Math.max(1, frames);
    this.scale = Math.min(Math.max(scale, this.least), 40);
    if (this.least > 40) this.scale = this.least;
    this.first = Math.min(Math.max(first, 0), Math.max(0, frames - this.width / this.scale));
  }

  /** The left edge of a frame. @param {number} frame */
  x(frame) {
    return (frame - this.first) * this.scale;
  }

  /** @param {number} x */
  frame(x) {
    return Math.min(Math.max(Math.floor(x / this.scale + this.first), 0), this.frames - 1);
  }

  /** The last frame in sight, in part. */
  get last() {
    return this.first + this.width / this.scale;
  }

  /** @param {number} factor @param {number} x stays where it is */
  zoomed(factor, x) {
    const at = x / this.scale + this.first;
    const next = new Scale(this.frames, this.width, this.scale * factor, this.first);
    return new Scale(this.frames, this.width, next.scale, at - x / next.scale);
  }

  /** @param {number} frames */
  moved(frames) {
    return new Scale(this.frames, this.width, this.scale, this.first + frames);
  }

  /** @param {number} width */
  resized(width) {
    const whole = this.scale <= this.least * 1.0001;
    return new Scale(this.frames, width, whole ? 0 : this.scale, this.first);
  }

  /** Moved so that a frame is in sight; the same where it is already. @param {number} frame */
  showing(frame) {
    if (frame >= this.first && frame + 1 <= this.last) return this;
    return new Scale(this.frames, this.width, this.scale, frame - this.width / this.scale / 5);
  }

  /** Frames between two lines of the ruler, so that they stand at least `apart` pixels apart. @param {number} [apart] */
  step(apart = 70) {
    for (let ten = 1; ; ten *= 10) for (const one of [1, 2, 5]) if (one * ten * this.scale >= apart) return one * ten;
  }
}

/** Whether and where a track is to be seen between two frames: bars [begin, end], open to the video's end where it holds. @param {Annotation} track @param {number} frames of the video @returns {[number, number][]} */
export function barsOf(track, frames) {
  const known = trackOf(track);
  const runs = known.visible();
  if (runs.length && known.holds()) runs[runs.length - 1][1] = Math.max(runs[runs.length - 1][1], frames - 1);
  return runs;
}

/**
 * The marks of a track within some frames; of those that fall onto one pixel only the first.
 * @param {Annotation} track @param {number} from @param {number} to @param {number} apart frames
 * @returns {Mark[]}
 */
export function marksOf(track, from, to, apart) {
  const known = trackOf(track);
  const marks = [];
  let last = -Infinity;
  for (let at = firstNotBelow(known.numbers, from); at < known.numbers.length && known.numbers[at] <= to; at++) {
    if (known.numbers[at] - last < apart) continue;
    last = known.numbers[at];
    marks.push({ frame: last, outside: Boolean(known.keyframes[at].outside) });
  }
  return marks;
}

/** The keyframe nearest to a frame; null where none is within reach. @param {Annotation} track @param {number} frame @param {number} reach frames @returns {number | null} */
export function markNear(track, frame, reach) {
  const { numbers } = trackOf(track);
  const at = firstNotBelow(numbers, frame);
  const near = [numbers[at - 1], numbers[at]].filter((n) => n !== undefined).sort((a, b) => Math.abs(a - frame) - Math.abs(b - frame))[0];
  return near !== undefined && Math.abs(near - frame) <= reach ? near : null;
}

/** The next keyframe on one side of a frame; null where there is none. @param {Annotation} track @param {number} frame @param {number} by 1 or -1 @returns {number | null} */
export function markBeside(track, frame, by) {
  const { numbers } = trackOf(track);
  const beside = by > 0 ? numbers.find((n) => n > frame) : [...numbers].reverse().find((n) => n < frame);
  return beside ?? null;
}

/** A keyframe on another frame: what it says moves with it. @param {Annotation} track @param {number} from @param {number} to @returns {Op[]} */
export function moveOps(track, from, to) {
  const keyframe = track.keyframes?.[String(from)];
  if (!keyframe || from === to) return [];
  const there = track.keyframes?.[String(to)];
  const cleared = there ? Object.fromEntries(["geometry", "outside", "occluded"].filter((name) => name in there && !(name in keyframe)).map((name) => [name, name === "geometry" ? there.geometry : false])) : {};
  return [
    { op: "keyframe", id: track.id, frame: to, set: { ...cleared, ...keyframe } },
    { op: "keyframe", id: track.id, frame: from, set: null },
  ];
}

/** @param {number[]} values ascending @param {number} wanted */
function firstNotBelow(values, wanted) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
