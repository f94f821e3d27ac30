/**
 * A video's H.264 packets as fragmented MP4 (ISO/IEC 14496-12 and -15), for browsers that take packets by Media Source
 * Extensions only. Frame n lies at n / RATE seconds, whatever the video's own times are: so where a frame begins and
 * ends is known without a clock, and no rounding of variable rates or shifted starts can reach a neighbour. Pure.
 */

/** @typedef {import("./packets.js").Packet} Packet */

export const RATE = 25;
const [SEQUENCE, PARAMETERS, DELIMITER] = [7, 8, 9]; // kinds of NAL units, ITU-T H.264 table 7-1
const TRACK = 1;
const UNITY = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000].flatMap(u32);
const NO_OFFSET = [0, 0, 0, 0]; // version and flags of a full box
const SYNC = 0x0200_0000; // depends on no other
const DEPENDS = 0x0101_0000; // depends on others, and is no sync sample

/** What a decoder must know before the first packet. @param {import("./decoder.js").Format} format @param {Packet} key a key frame's packet @returns {Uint8Array} */
export function opening({ description, width, height }, key) {
  const avcc = description ? Uint8Array.from(atob(description), (letter) => letter.charCodeAt(0)) : configuration(key.data);
  const entry = box(
    "avc1", [0, 0, 0, 0, 0, 0, 0, 1], new Array(16).fill(0), u16(width), u16(height), u32(72 << 16), u32(72 << 16), u32(0),
    u16(1), new Array(32).fill(0), u16(24), u16(0xffff), box("avcC", avcc),
  );
  const table = box(
    "stbl", box("stsd", NO_OFFSET, u32(1), entry),
    ...["stts", "stsc", "stco"].map((name) => box(name, NO_OFFSET, u32(0))), box("stsz", NO_OFFSET, u32(0), u32(0)),
  );
  const where = box("dinf", box("dref", NO_OFFSET, u32(1), box("url ", [0, 0, 0, 1])));
  const media = box(
    "mdia", box("mdhd", NO_OFFSET, u32(0), u32(0), u32(RATE), u32(0), u16(0x55c4), u16(0)),
    box("hdlr", NO_OFFSET, u32(0), ascii("vide"), u32(0), u32(0), u32(0), [0]),
    box("minf", box("vmhd", [0, 0, 0, 1], u32(0), u32(0)), where, table),
  );
  const head = box(
    "tkhd", [0, 0, 0, 3], u32(0), u32(0), u32(TRACK), u32(0), u32(0), u32(0), u32(0), u32(0), u32(0), UNITY,
    u32(width << 16), u32(height << 16),
  );
  const movie = box(
    "mvhd", NO_OFFSET, u32(0), u32(0), u32(RATE), u32(0), u32(0x1_0000), u16(0x100), u16(0), u32(0), u32(0), UNITY,
    new Array(24).fill(0), u32(TRACK + 1),
  );
  const fragments = box("mvex", box("trex", NO_OFFSET, u32(TRACK), u32(1), u32(1), u32(0), u32(0)));
  return joined(box("ftyp", ascii("iso5"), u32(0), ascii("iso5avc1")), box("moov", movie, box("trak", head, media), fragments));
}

/** The packets of one group. @param {Packet[]} packets in display order @param {boolean} plain whether they are Annex B @returns {Uint8Array} */
export function segment(packets, plain) {
  const samples = packets.map(({ data }) => (plain ? withLengths(data) : data));
  const rows = samples.flatMap(({ length }, i) => [...u32(length), ...u32(packets[i].key ? SYNC : DEPENDS)]);
  const at = (/** @type {number} */ offset) =>
    box(
      "moof", box("mfhd", NO_OFFSET, u32(packets[0].number + 1)),
      box(
        "traf", box("tfhd", [0, 2, 0, 8], u32(TRACK), u32(1)), box("tfdt", NO_OFFSET, u32(packets[0].number)),
        box("trun", [0, 0, 6, 1], u32(samples.length), u32(offset), rows),
      ),
    );
  return joined(at(at(0).length + 8), box("mdat", ...samples));
}

/** The avcC box's content, from the parameter sets in a key frame's packet. @param {Uint8Array} packet Annex B @returns {Uint8Array} */
export function configuration(packet) {
  const all = units(packet);
  const [sequence, parameters] = [SEQUENCE, PARAMETERS].map((kind) => all.find((unit) => (unit[0] & 31) === kind));
  if (!sequence || !parameters) throw new Error("The video's first packet has no parameters.");
  const sized = (/** @type {Uint8Array} */ unit) => [...u16(unit.length), ...unit];
  return Uint8Array.from([1, ...sequence.subarray(1, 4), 0xff, 0xe1, ...sized(sequence), 1, ...sized(parameters)]);
}

/** A packet with its units behind their lengths, and without what the opening has. @param {Uint8Array} packet Annex B @returns {Uint8Array} */
function withLengths(packet) {
  const kept = units(packet).filter((unit) => ![SEQUENCE, PARAMETERS, DELIMITER].includes(unit[0] & 31));
  return joined(...kept.flatMap((unit) => [Uint8Array.from(u32(unit.length)), unit]));
}

/** The NAL units between the start codes. @param {Uint8Array} packet @returns {Uint8Array[]} */
export function units(packet) {
  /** @type {number[]} */
  const codes = [];
  for (let i = packet.indexOf(1, 2); i >= 0; i = packet.indexOf(1, i + 1)) {
    if (packet[i - 1] === 0 && packet[i - 2] === 0) codes.push(i - 2);
  }
  return codes.map((code, i) => {
    let end = codes[i + 1] ?? packet.length;
    while (end > code + 3 && packet[end - 1] === 0) end--; // of a start code of four bytes
    return packet.subarray(code + 3, end);
  });
}

/** @param {string} name @param {...ArrayLike<number>} parts @returns {Uint8Array} */
function box(name, ...parts) {
  const size = 8 + parts.reduce((sum, { length }) => sum + length, 0);
  return joined(u32(size), ascii(name), ...parts);
}

/** @param {...ArrayLike<number>} parts @returns {Uint8Array<ArrayBuffer>} */
function joined(...parts) {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** @param {string} text */
function ascii(text) {
  return [...text].map((letter) => letter.charCodeAt(0));
}

/** @param {number} n */
function u16(n) {
  return [(n >> 8) & 255, n & 255];
}

/** @param {number} n */
function u32(n) {
  return [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
}
