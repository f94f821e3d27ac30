/**
 * What a track looks like on any frame, from its keyframes: pure, the twin of `annotations/interpolation.py`, where the
 * rules are told. The vectors in `tests/vectors/interpolation` are run by both; they compute with the same operations in
 * the same order, so that the numbers are equal to the last bit.
 */

/**
 * @typedef {import("../types.js").Annotation} Annotation
 * @typedef {import("../types.js").Geometry} Geometry
 * @typedef {import("../types.js").Keyframe} Keyframe
 * @typedef {import("../types.js").Vertex} Vertex
 * @typedef {import("../types.js").Point} Point
 * @typedef {{geometry: Geometry, occluded: boolean, attributes: Record<string, unknown>}} State
 * @typedef {(share: number) => Geometry} Blend
 * @typedef {[Vertex, Vertex]} Pair
 */

const SAMPLES = 64;
const SAME_PLACE = 1e-6;

/** @type {WeakMap<Annotation, Track>} annotations are immutable, so a track is read once */
const tracks = new WeakMap();

/** @param {Annotation} annotation */
export function trackOf(annotation) {
  let track = tracks.get(annotation);
  if (!track) tracks.set(annotation, (track = new Track(annotation)));
  return track;
}

/**
 * What of a shape is on a frame (null: of an image); null where it is not to be seen.
 * @param {Annotation} annotation @param {number | null} frame
 * @returns {State | null}
 */
export function stateOn(annotation, frame) {
  if (frame !== null && isTrack(annotation)) return trackOf(annotation).state(frame);
  const { geometry, attributes } = annotation;
  return (annotation.frame ?? null) === frame ? { geometry, occluded: false, attributes } : null;
}

/** Counting keys costs more than finding what was read before. @param {Annotation} annotation @returns {boolean} */
export function isTrack(annotation) {
  return Boolean(annotation.keyframes) && trackOf(annotation).moves;
}

/** A track's keyframes in order, ready for many questions. */
export class Track {
  /** @param {Annotation} annotation */
  constructor(annotation) {
    const own = annotation.keyframes ?? {};
    /** Whether it has keyframes; a shape of one frame is read as a track of one. */
    this.moves = Object.keys(own).length > 0;
    const frames = this.moves ? own : { [String(annotation.frame)]: { geometry: annotation.geometry } };
    this.annotation = annotation;
    this.numbers = Object.keys(frames).map(Number).sort((a, b) => a - b);
    /** @type {Keyframe[]} */
    this.keyframes = this.numbers.map((n) => frames[String(n)]);
    /** @type {boolean[]} */
    this._outside = [];
    /** @type {boolean[]} */
    this._occluded = [];
    /** @type {Record<string, unknown>[]} of the keyframes alone */
    this._attributes = [];
    /** @type {Map<number, Blend | null>} */
    this._blends = new Map();
    /** @type {{frame: number, state: State | null} | null} what was asked last: many ask for the frame on screen */
    this._last = null;
    let [outside, occluded] = [false, false];
    /** @type {Record<string, unknown>} */
    let attributes = {};
    for (const keyframe of this.keyframes) {
      const whole = "geometry" in keyframe;
      outside = keyframe.outside ?? (outside && !whole);
      occluded = keyframe.occluded ?? (occluded && !whole);
      if (keyframe.attributes) attributes = { ...attributes, ...keyframe.attributes };
      this._outside.push(outside);
      this._occluded.push(occluded);
      this._attributes.push(attributes);
    }
  }

  /** @param {number} frame @returns {State | null} */
  state(frame) {
    if (this._last?.frame !== frame) this._last = { frame, state: this._state(frame) };
    return this._last.state;
  }

  /** @param {number} frame @returns {State | null} */
  _state(frame) {
    const at = lastNotAbove(this.numbers, frame);
    if (at < 0 || this._outside[at]) return null;
    const own = this._attributes[at];
    const { attributes } = this.annotation;
    return { geometry: this._geometry(at, frame), occluded: this._occluded[at], attributes: Object.keys(own).length ? { ...attributes, ...own } : attributes };
  }

  /** All that holds on a frame where the shape is to be seen, as one keyframe. @param {number} frame @returns {Keyframe} */
  keyframe(frame) {
    const at = lastNotAbove(this.numbers, frame);
    /** @type {Keyframe} */
    const whole = { geometry: this._geometry(at, frame) };
    if (this._occluded[at]) whole.occluded = true;
    return Object.keys(this._attributes[at]).length ? { ...whole, attributes: this._attributes[at] } : whole;
  }

  /** The runs of frames [first, last] where it is to be seen; after its last keyframe it only holds. @returns {[number, number][]} */
  visible() {
    /** @type {[number, number][]} */
    const runs = [];
    this.numbers.forEach((first, at) => {
      if (this._outside[at]) return;
      const last = at + 1 < this.numbers.length ? this.numbers[at + 1] - 1 : first;
      const before = runs.at(-1);
      if (before && before[1] === first - 1) before[1] = last;
      else runs.push([first, last]);
    });
    return runs;
  }

  /** Whether it is to be seen after its last keyframe. */
  holds() {
    return !this._outside[this._outside.length - 1];
  }

  /** @param {number} at @param {number} frame @returns {Geometry} */
  _geometry(at, frame) {
    let start = at;
    while (start > 0 && !("geometry" in this.keyframes[start])) start -= 1;
    const here = this.keyframes[start].geometry ?? this.annotation.geometry;
    let end = at + 1;
    while (end < this.keyframes.length && !("geometry" in this.keyframes[end])) end += 1;
    if (end === this.keyframes.length || frame === this.numbers[start] || this._outside.slice(start, end).some(Boolean)) return here;
    let blend = this._blends.get(start);
    if (blend === undefined) {
      blend = between(here, /** @type {Geometry} */ (this.keyframes[end].geometry));
      this._blends.set(start, blend);
    }
    const [first, last] = [this.numbers[start], this.numbers[end]];
    return blend ? blend((frame - first) / (last - first)) : here;
  }
}

/** The place of the last value in an ascending list that is not above `wanted`; -1 where all are. @param {number[]} values @param {number} wanted */
export function lastNotAbove(values, wanted) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The geometry at a share from 0 to 1 of the way from `a` to `b`; null where it holds `a`.
 * @param {any} a @param {any} b
 * @returns {Blend | null}
 */
export function between(a, b) {
  if (a.type !== b.type) return null;
  return BETWEEN[a.type]?.(a, b) ?? null;
}

/** @param {number} value */
function rounded(value) {
  return Math.floor(value * 100 + 0.5) / 100;
}

/** @param {number} a @param {number} b @param {number} share */
function mean(a, b, share) {
  return rounded(a + (b - a) * share);
}

/** @param {number} a @param {number} b @param {number} share */
function size(a, b, share) {
  return Math.max(mean(a, b, share), 0.01);
}

/** @type {Record<string, (a: any, b: any) => Blend | null>} */
const BETWEEN = {
  box: (a, b) => (share) => ({ type: "box", x: mean(a.x, b.x, share), y: mean(a.y, b.y, share), w: size(a.w, b.w, share), h: size(a.h, b.h, share) }),
  rbox(a, b) {
    const turn = ((b.angle - a.angle + 540) % 360) - 180;
    return (share) => ({
      type: "rbox", cx: mean(a.cx, b.cx, share), cy: mean(a.cy, b.cy, share), w: size(a.w, b.w, share), h: size(a.h, b.h, share),
      angle: rounded(a.angle + turn * share + 360) % 360,
    });
  },
  keypoints(a, b) {
    if (a.points.length !== b.points.length) return null;
    return (share) => ({
      type: "keypoints",
      points: a.points.map((/** @type {[number, number, number]} */ p, /** @type {number} */ n) => {
        const q = b.points[n];
        return p[2] && q[2] ? [mean(p[0], q[0], share), mean(p[1], q[1], share), p[2]] : p;
      }),
    });
  },
  polygon(a, b) {
    const shared = Math.min(a.rings.length, b.rings.length);
    const pairs = a.rings.slice(0, shared).map((/** @type {Vertex[]} */ ring, /** @type {number} */ n) => matched(ring, b.rings[n], true));
    const kept = a.rings.slice(shared).map((/** @type {Vertex[]} */ ring) => ring.map((vertex) => [vertex, vertex]));
    const rings = namedOnce([...pairs, ...kept]);
    return (share) => ({ type: "polygon", rings: rings.map((ring) => onTheWay(ring, share)) });
  },
  polyline(a, b) {
    const [line] = namedOnce([matched(a.points, b.points, false)]);
    return (share) => ({ type: "polyline", points: onTheWay(line, share) });
  },
};

/** @param {Pair[]} pairs @param {number} share @returns {Vertex[]} */
function onTheWay(pairs, share) {
  return pairs.map(([p, q]) => [p[0], mean(p[1], q[1], share), mean(p[2], q[2], share)]);
}

/** Numbers for names where a ring was sampled anew; ids are unique in a shape. @param {Pair[][]} rings @returns {Pair[][]} */
function namedOnce(rings) {
  if (rings.every((ring) => ring.every(([p]) => p[0] !== ""))) return rings;
  let next = 0;
  return rings.map((ring) => ring.map(([p, q]) => [[next++, p[1], p[2]], q]));
}

// -- which vertex becomes which ------------------------------------------------------------------------------------

/** Pairs of vertices; with empty ids where new ones had to be put between. @param {Vertex[]} a @param {Vertex[]} b @param {boolean} closed @returns {Pair[]} */
function matched(a, b, closed) {
  const there = new Map(b.map((vertex) => [vertex[0], vertex]));
  if (a.length === b.length && a.every(([id]) => there.has(id))) return a.map((vertex) => [vertex, /** @type {Vertex} */ (there.get(vertex[0]))]);
  const one = a.map(([, x, y]) => /** @type {Point} */ ([x, y]));
  let other = b.map(([, x, y]) => /** @type {Point} */ ([x, y]));
  let start = 0;
  if (closed) {
    if (area(one) < 0 !== area(other) < 0) other.reverse();
    start = bestStart(one, other);
  } else {
    const ahead = sampled(one, false, 0);
    const turned = [...other].reverse();
    if (apart(ahead, sampled(turned, false, 0)) < apart(ahead, sampled(other, false, 0))) other = turned;
  }
  const [ours, theirs] = [shares(one, closed), shares(other, closed)];
  const places = [...ours, ...theirs.map((place) => (closed ? wrapped(place - start) : place))].sort((p, q) => p - q);
  const once = places.filter((place, n) => n === 0 || place - places[n - 1] > SAME_PLACE);
  if (closed && once.length > 1 && 1 - once[once.length - 1] <= SAME_PLACE) once.pop();
  return once.map((place) => {
    const p = pointAt(one, ours, place, closed);
    const q = pointAt(other, theirs, closed ? wrapped(place + start) : place, closed);
    return [["", ...p], ["", ...q]];
  });
}

/** @param {Point[]} ring */
function area(ring) {
  let total = 0;
  ring.forEach(([x, y], n) => {
    const [right, below] = ring[(n + 1) % ring.length];
    total += x * below - right * y;
  });
  return total;
}

/** How much of the whole way lies before each point, from 0 to 1. @param {Point[]} points @param {boolean} closed */
function shares(points, closed) {
  let whole = 0;
  const places = [0];
  for (let n = 0; n + 1 < points.length; n++) {
    whole += step(points[n], points[n + 1]);
    places.push(whole);
  }
  if (closed) whole += step(points[points.length - 1], points[0]);
  return places.map((place, n) => (whole > 0 ? place / whole : n / points.length));
}

/** Not hypot: its last bit differs between languages. @param {Point} p @param {Point} q */
function step(p, q) {
  const [dx, dy] = [q[0] - p[0], q[1] - p[1]];
  return Math.sqrt(dx * dx + dy * dy);
}

/** @param {Point[]} points @param {number[]} places @param {number} place @param {boolean} closed @returns {Point} */
function pointAt(points, places, place, closed) {
  const at = Math.max(lastNotAbove(places, place), 0);
  if (at + 1 >= points.length && !closed) return points[points.length - 1];
  const [end, following] = at + 1 < points.length ? [places[at + 1], points[at + 1]] : [1, points[0]];
  const length = end - places[at];
  const share = length > 0 ? (place - places[at]) / length : 0;
  const [x, y] = points[at];
  return [x + (following[0] - x) * share, y + (following[1] - y) * share];
}

/** @param {number} place */
function wrapped(place) {
  return place < 0 ? place + 1 : place >= 1 ? place - 1 : place;
}

/** Points at equal distances along an outline, about their own middle. @param {Point[]} points @param {boolean} closed @param {number} start @returns {Point[]} */
function sampled(points, closed, start) {
  const places = shares(points, closed);
  const gaps = closed ? SAMPLES : SAMPLES - 1;
  const found = Array.from({ length: SAMPLES }, (_, n) => pointAt(points, places, closed ? wrapped(n / gaps + start) : n / gaps, closed));
  let [across, down] = [0, 0];
  for (const [x, y] of found) {
    across += x;
    down += y;
  }
  return found.map(([x, y]) => [x - across / SAMPLES, y - down / SAMPLES]);
}

/** @param {Point[]} one @param {Point[]} other */
function apart(one, other) {
  let total = 0;
  one.forEach(([x, y], n) => {
    const [u, v] = other[n];
    total += (u - x) * (u - x) + (v - y) * (v - y);
  });
  return total;
}

/** The place on `other` that belongs to the first point of `one`: one of its vertices, or a sixty-fourth. @param {Point[]} one @param {Point[]} other */
function bestStart(one, other) {
  const vertices = other.length <= SAMPLES ? shares(other, true) : [];
  const ours = sampled(one, true, 0);
  let [best, least] = [0, Infinity];
  for (const start of [...vertices, ...Array.from({ length: SAMPLES }, (_, n) => n / SAMPLES)]) {
    const distance = apart(ours, sampled(other, true, start));
    if (distance < least - 1e-9) [best, least] = [start, distance];
  }
  return best;
}
