/** The packets of a video by byte ranges: groups, what is fetched, addresses that expire, a server that is gone. */
import assert from "node:assert/strict";
import test from "node:test";
import { Packets, Unreachable } from "../../static/js/editor/render/packets.js";

const GROUP = 12;
const RECORD = 12;

/** A server with `count` frames: each packet is its number in 4 bytes, then padding of a few bytes. */
function serve(count, { ranges = true } = {}) {
  const index = new DataView(new ArrayBuffer(count * RECORD));
  const data = new DataView(new ArrayBuffer(count * 12));
  let offset = 0;
  for (let n = 0; n < count; n++) {
    const size = 4 + (n % 5);
    index.setBigUint64(n * RECORD, BigInt(offset), true);
    index.setUint32(n * RECORD + 8, n % GROUP ? size : (size | 0x8000_0000) >>> 0, true);
    data.setUint32(offset, n);
    offset += size;
  }
  const server = { asked: [], expired: false, gone: false };
  globalThis.fetch = async (url, { headers }) => {
    server.asked.push(url);
    if (server.gone) throw new TypeError("Failed to fetch");
    if (server.expired && !url.endsWith("new")) return new Response("", { status: 404 });
    const [from, to] = /bytes=(\d+)-(\d+)/.exec(headers.Range).slice(1).map(Number);
    const { buffer } = url.startsWith("index") ? index : data;
    return ranges ? new Response(buffer.slice(from, to + 1), { status: 206 }) : new Response(buffer, { status: 200 });
  };
  const playback = (end) => ({ url: `data${end}`, index_url: `index${end}`, group: GROUP, record_bytes: RECORD, frames: count });
  server.packets = new Packets(playback(""), async () => playback("-new"));
  return server;
}

const numbers = (packets) => packets.map(({ data }) => new DataView(data.buffer, data.byteOffset).getUint32(0));

test("the group of a frame goes from its key frame up to the next", async () => {
  const { packets } = serve(3000);
  for (const [n, start, stop] of [[0, 0, 12], [11, 0, 12], [12, 12, 24], [1023, 1020, 1032], [1024, 1020, 1032], [2999, 2988, 3000]]) {
    const group = await packets.groupOf(n);
    assert.deepEqual(group, { start, stop });
    const read = await packets.read(group);
    assert.deepEqual(numbers(read), Array.from({ length: stop - start }, (_, i) => start + i));
    assert.deepEqual(read.map(({ key }) => key), read.map((_, i) => i === 0));
  }
});

test("of a long video only what is looked at is fetched, and once", async () => {
  const { packets, asked } = serve(108_000);
  await packets.read(await packets.groupOf(50_000));
  assert.deepEqual(asked, ["index", "data"]);
  await Promise.all([packets.warm(50_001), packets.warm(50_003)]);
  assert.equal(asked.length, 2);
});

test("an answer with the whole file is cut to what was asked for", async () => {
  const { packets } = serve(100, { ranges: false });
  assert.deepEqual(numbers(await packets.read(await packets.groupOf(50))), Array.from({ length: 12 }, (_, i) => 48 + i));
});

test("an address that has expired is asked for anew", async () => {
  const server = serve(100);
  server.expired = true;
  await server.packets.read(await server.packets.groupOf(3));
  assert.deepEqual(server.asked, ["index", "index-new", "data-new"]);
});

test("a server that is gone is no fault of the video, and may come back", async () => {
  const server = serve(100);
  server.gone = true;
  await assert.rejects(server.packets.groupOf(3), Unreachable);
  server.gone = false;
  const group = await server.packets.groupOf(3);
  server.gone = true;
  await assert.rejects(server.packets.read(group), Unreachable);
  server.gone = false;
  assert.equal((await server.packets.read(group)).length, 12);
});
