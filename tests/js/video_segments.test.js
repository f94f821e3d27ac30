/** Packets as fragmented MP4: every frame at its number, whatever the packets are like. */
import assert from "node:assert/strict";
import test from "node:test";
import { RATE, configuration, opening, segment, units } from "../../static/js/editor/render/video_segments.js";

const SPS = [0x67, 0x64, 0x00, 0x1f, 0xac];
const PPS = [0x68, 0xee, 0x3c];
const annexB = (...all) => Uint8Array.from(all.flatMap((unit, i) => [...(i ? [] : [0]), 0, 0, 1, ...unit]));
const KEY = annexB([9, 0xf0], SPS, PPS, [0x65, 1, 2, 0, 3]);
const FORMAT = { codec: "avc1.64001f", description: "", width: 384, height: 256 };

/** The boxes of some bytes by name, each with its content; those that hold others are opened. */
function boxes(bytes) {
  const found = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += view.getUint32(at)) {
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + view.getUint32(at));
    found.push([name, content, at], ...(["moov", "trak", "mdia", "minf", "stbl", "dinf", "mvex", "moof", "traf"].includes(name) ? boxes(content) : []));
  }
  return found;
}

const content = (bytes, name) => boxes(bytes).find(([each]) => each === name)[1];
const number = (bytes, at) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);

test("units lie between start codes of three bytes or four", () => {
  const packet = Uint8Array.from([0, 0, 0, 1, 9, 1, 0, 0, 1, 0x67, 0, 0, 2, 0, 0, 0, 1, 0x65, 1]);
  assert.deepEqual(units(packet).map((unit) => [...unit]), [[9, 1], [0x67, 0, 0, 2], [0x65, 1]]);
});

test("the opening has the size, the rate, and the parameters of the first packet or of the index", () => {
  const own = opening(FORMAT, { number: 0, key: true, data: KEY });
  const avcc = [1, 0x64, 0x00, 0x1f, 0xff, 0xe1, 0, SPS.length, ...SPS, 1, 0, PPS.length, ...PPS];
  assert.deepEqual([...configuration(KEY)], avcc);
  assert.equal(number(content(own, "mdhd"), 12), RATE);
  assert.deepEqual([number(content(own, "tkhd"), 76) >> 16, number(content(own, "tkhd"), 80) >> 16], [384, 256]);
  assert.ok(String(own).includes(String(avcc)));
  const given = opening({ ...FORMAT, description: btoa("\x01abc") }, { number: 0, key: true, data: new Uint8Array() });
  assert.ok(String(given).includes(String([..."avcC\x01abc"].map((letter) => letter.charCodeAt(0)))));
  assert.throws(() => configuration(annexB([0x65, 1])), /no parameters/);
});

test("a group begins at its frame's number, and each sample is where the run says", () => {
  const packets = [{ number: 24, key: true, data: KEY }, { number: 25, key: false, data: annexB([0x41, 7, 8]) }];
  const made = segment(packets, true);
  assert.equal(number(content(made, "tfdt"), 4), 24);
  const run = content(made, "trun");
  const sizes = [number(run, 12), number(run, 20)];
  assert.deepEqual([number(run, 4), number(run, 16), number(run, 24)], [2, 0x0200_0000, 0x0101_0000]);
  const first = number(run, 8);
  assert.deepEqual([...made.subarray(first, first + sizes[0])], [0, 0, 0, 5, 0x65, 1, 2, 0, 3]);
  assert.deepEqual([...made.subarray(first + sizes[0])], [0, 0, 0, 3, 0x41, 7, 8]);
  const asTheyLie = segment([{ number: 0, key: true, data: Uint8Array.of(0, 0, 0, 1, 0x65) }], false);
  assert.deepEqual([...content(asTheyLie, "mdat")], [0, 0, 0, 1, 0x65]);
});
