/** One question to the server at a time; what comes too late is taken back; who proposed a shape, in words. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { sentence } from "../../static/js/editor/panels/assist.js";
import { Assistant } from "../../static/js/editor/tools/assist.js";
import { Emitter } from "../../static/js/editor/util.js";

Object.assign(globalThis, { document: { cookie: "", querySelector: () => null } });

/** An editor with nothing in it, and a server that answers when it is told to. */
function desk() {
  /** @type {((answer: any, status?: number) => void)[]} */
  const waiting = [];
  globalThis.fetch = () =>
    new Promise((resolve) => {
      waiting.push((answer, status = 201) => resolve(new Response(JSON.stringify(answer), { status })));
    });
  const shapes = new Map();
  const store = Object.assign(new Emitter(), { get: (/** @type {string} */ id) => shapes.get(id) });
  /** @type {any[]} */
  const sent = [];
  const editor = Object.assign(new Emitter(), {
    item: { id: "i" }, refusal: "", frame: null, store, client: { submit: (/** @type {any} */ ops) => sent.push(...ops) },
  });
  /** @type {string[]} */
  const said = [];
  editor.on("say", (words) => said.push(words));
  const arrive = (/** @type {string} */ id) => {
    shapes.set(id, { id, source: "model" });
    store.emit("change", { ids: new Set([id]) });
  };
  return { assistant: new Assistant(/** @type {any} */ (editor)), waiting, sent, said, arrive };
}

test("a second question waits for the first one's answer", async () => {
  const { assistant, waiting, said } = desk();
  const first = assistant.ask("grabcut", "Cutting.", {});
  assert.equal(assistant.doing, "Cutting.");
  assert.equal(await assistant.ask("click", "Segmenting.", {}), null);
  assert.deepEqual(said, ["Cutting. Wait for it, or press Escape."]);
  assert.equal(waiting.length, 1);
  waiting[0]({ rev: 1, annotations: [{ id: "a" }], note: "" });
  assert.equal((await first)?.annotations[0].id, "a");
  assert.equal(assistant.doing, "");
});

test("what was given up is taken back when it comes", async () => {
  const { assistant, waiting, sent, arrive } = desk();
  const first = assistant.ask("grabcut", "Cutting.", {});
  assert.equal(assistant.cancel(), true);
  assert.equal(assistant.cancel(), false);
  const second = assistant.ask("grabcut", "Cutting again.", {});
  waiting[0]({ rev: 1, annotations: [{ id: "late" }], note: "" });
  assert.equal(await first, null);
  assert.equal(assistant.doing, "Cutting again.", "the one that is wanted is still waited for");
  assert.deepEqual(sent, []);
  arrive("late");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent, [{ op: "delete", id: "late" }]);
  waiting[1]({ rev: 2, annotations: [{ id: "b" }], note: "" });
  assert.equal((await second)?.annotations[0].id, "b");
});

test("a refusal is said in the server's words", async () => {
  const { assistant, waiting, said } = desk();
  const asked = assistant.ask("click", "Segmenting.", {});
  waiting[0]({ status: 409, code: "no-weights", detail: "Put the files there." }, 409);
  assert.equal(await asked, null);
  assert.deepEqual(said, ["Put the files there."]);
  assert.equal(assistant.doing, "");
});

test("who proposed a shape", () => {
  const shape = /** @type {any} */ ({ source: "model", confidence: 0.871 });
  const model = { id: "s", tool: "model", model: "m", name: "Model 3" };
  assert.equal(sentence(shape, model), "Suggested by Model 3, 0.87.");
  assert.equal(sentence({ ...shape, source: "human" }, model), "First suggested by Model 3, 0.87.");
  assert.equal(sentence(shape, { ...model, model: null, name: "" }), "Suggested by a model that was deleted, 0.87.");
  assert.equal(sentence({ ...shape, confidence: null }, { ...model, tool: "click" }), "Suggested by clicks.");
  assert.equal(sentence(shape, null), "Suggested by a model, 0.87.");
});
