/** A job's events folded into what its page shows. Pure: events in, a story out, the same live and replayed. */

const LOG_LINES = 600;
const BATCHES = 1200;
export const ENDED = new Set(["succeeded", "failed", "cancelled"]);

/** @typedef {Record<string, any> & {seq: number, kind: string, at: string}} JobEvent */
/**
 * @typedef {object} Story
 * @property {number} seq the last event's
 * @property {string} status
 * @property {string} phase
 * @property {number} progress 0 to 1
 * @property {number | null} epoch
 * @property {number | null} epochs
 * @property {number | null} eta seconds
 * @property {number | null} speed pictures a second
 * @property {number | null} best mAP50 of the best epoch so far, by mAP50-95 as the trainer chooses its weights
 * @property {number} rank that epoch's mAP50-95
 * @property {string | null} started
 * @property {string | null} ended
 * @property {Map<number, JobEvent>} rows one for each epoch; an epoch done again replaces its row
 * @property {{x: number, loss: number}[]} batches
 * @property {{at: string, text: string, tone: string}[]} log
 * @property {{code: string, detail: string} | null} error
 * @property {Record<string, any> | null} result
 */

/** @returns {Story} */
export function emptyStory() {
  return {
    seq: 0, status: "queued", phase: "", progress: 0, epoch: null, epochs: null, eta: null, speed: null, best: null, rank: -1,
    started: null, ended: null, rows: new Map(), batches: [], log: [], error: null, result: null,
  };
}

/** @type {Record<string, (story: Story, event: JobEvent) => void>} */
const TELL = {
  status(story, event) {
    story.status = event.status;
    if (event.status === "starting") story.started = event.at;
    if (event.phase !== undefined) story.phase = event.phase;
    if (event.error) story.error = event.error;
    if (event.result) story.result = event.result;
    story.ended = ENDED.has(event.status) ? event.at : null;
    if (ENDED.has(event.status)) story.eta = null;
    const detail = event.error ? `: ${event.error.detail}` : "";
    say(story, event, STATUS_WORDS[event.status] ?? event.status, detail, event.error ? "bad" : "status");
  },
  progress(story, event) {
    if (event.phase && event.phase !== story.phase) say(story, event, PHASE_WORDS[event.phase] ?? event.phase, "", "status");
    story.phase = event.phase ?? story.phase;
  },
  batch(story, event) {
    story.epoch = event.epoch;
    story.epochs = event.epochs;
    story.eta = event.eta_s ?? story.eta;
    story.speed = event.images_per_s ?? story.speed;
    if (Number.isFinite(event.loss)) story.batches.push({ x: event.epoch - 1 + event.batch / Math.max(1, event.batches), loss: event.loss });
    if (story.batches.length > BATCHES) story.batches.splice(0, story.batches.length - BATCHES);
  },
  metrics(story, event) {
    story.epoch = event.epoch;
    story.epochs = event.epochs;
    story.eta = event.eta_s ?? story.eta;
    story.rows.set(event.epoch, event);
    const rank = event.map50_95 ?? event.map50 ?? -1;
    if (Number.isFinite(event.map50) && rank >= story.rank) Object.assign(story, { best: event.map50, rank });
    const parts = [`loss ${number(lossOf(event, ""), 2)}`, `mAP50 ${number(event.map50, 3)}`];
    if (event.seconds) parts.push(`${number(event.seconds, 1)} s`);
    say(story, event, `Epoch ${event.epoch} of ${event.epochs}`, `: ${parts.join(", ")}`, "epoch");
  },
  log(story, event) {
    say(story, event, event.text, "", /^warning/i.test(event.text) ? "warn" : "plain");
  },
};

const STATUS_WORDS = /** @type {Record<string, string>} */ ({
  queued: "Waiting for a free worker", starting: "Starting", running: "Running", cancelling: "Cancelling", cancelled: "Cancelled",
  succeeded: "Done", failed: "Failed", lost: "The worker fell silent", paused: "Paused", pausing: "Pausing",
});
const PHASE_WORDS = /** @type {Record<string, string>} */ ({
  prepare: "Writing the pictures", train: "Training", evaluate: "Proving the best weights", export: "Exporting to ONNX",
});

/** @param {Story} story @param {JobEvent} event @param {string} words @param {string} rest @param {string} tone */
function say(story, event, words, rest, tone) {
  story.log.push({ at: event.at, text: words + rest, tone });
  if (story.log.length > LOG_LINES) story.log.splice(0, story.log.length - LOG_LINES);
}

/**
 * Fold one event in; one that is known already changes nothing.
 * @param {Story} story is changed
 * @param {JobEvent} event
 * @returns {boolean} whether it was new
 */
export function tell(story, event) {
  if (event.seq <= story.seq) return false;
  story.seq = event.seq;
  if (typeof event.progress === "number") story.progress = event.progress;
  TELL[event.kind]?.(story, event);
  return true;
}

/**
 * The sum of an epoch's losses: of training ("") or validation ("val_"); NaN when there are none.
 * @param {Record<string, any>} row
 * @param {string} prefix
 */
export function lossOf(row, prefix) {
  const parts = ["box_loss", "cls_loss", "dfl_loss"].map((name) => row[prefix + name]).filter(Number.isFinite);
  return parts.length ? parts.reduce((sum, part) => sum + part, 0) : NaN;
}

/**
 * Columns for the accuracy chart: epochs, then one for each figure, null where an epoch has none.
 * @param {Story} story
 * @returns {(number | null)[][]}
 */
export function accuracyColumns(story) {
  const rows = [...story.rows.values()].sort((a, b) => a.epoch - b.epoch);
  const names = ["map50", "map50_95", "precision", "recall"];
  return [rows.map((row) => row.epoch), ...names.map((name) => rows.map((row) => (Number.isFinite(row[name]) ? row[name] : null)))];
}

/**
 * Columns for the loss chart on one axis of epochs: every batch, training by epoch, validation by epoch.
 * @param {Story} story
 * @returns {(number | null)[][]}
 */
export function lossColumns(story) {
  /** @type {Map<number, (number | null)[]>} */
  const points = new Map();
  for (const { x, loss } of story.batches) points.set(x, [loss, null, null]);
  for (const row of story.rows.values()) {
    const point = points.get(row.epoch) ?? [null, null, null];
    point[1] = finite(lossOf(row, ""));
    point[2] = finite(lossOf(row, "val_"));
    points.set(row.epoch, point);
  }
  const xs = [...points.keys()].sort((a, b) => a - b);
  return [xs, ...[0, 1, 2].map((column) => xs.map((x) => points.get(x)?.[column] ?? null))];
}

/** @param {number} value */
function finite(value) {
  return Number.isFinite(value) ? value : null;
}

/** @param {number | null | undefined} value @param {number} digits */
export function number(value, digits) {
  return typeof value === "number" && Number.isFinite(value) ? value.toFixed(digits) : "\u2013";
}

/** 3725 -> "1 h 02 min", 65 -> "1 min 05 s", 9 -> "9 s". @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) return "\u2013";
  const whole = Math.max(0, Math.round(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return whole >= 60 ? `${Math.floor(whole / 60)} min ${two(whole % 60)} s` : `${whole} s`;
}
