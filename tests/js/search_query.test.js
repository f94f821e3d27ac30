import assert from "node:assert/strict";
import test from "node:test";

import { filterQuery } from "../../static/js/pages/search_query.js";

/** @param {Record<string, string | string[]>} values @returns {[string, string][]} */
const fields = (values) => Object.entries(values).flatMap(([name, value]) => [value].flat().map((each) => /** @type {[string, string]} */ ([name, each])));

test("empty fields leave no trace, and several values of a list are one", () => {
  const form = fields({ q: " cat ", state: "", label_all: ["a", "b"], size_max: "0.1" });
  assert.equal(filterQuery(form, fields({ q: "" }), new URLSearchParams("sort=newest&after=x")), "q=cat&label_all=a%2Cb&size_max=0.1");
});

test("a field that shows one of several values keeps them until it is changed", () => {
  const address = new URLSearchParams("state=approved,to-do&attribute=a%3D1&attribute=b%3D2&like=x");
  const shown = fields({ state: "to-do", attribute: "b=2", like: "x" });
  assert.equal(filterQuery(fields({ state: "to-do", attribute: "b=2", like: "x", kind: "video" }), shown, address), "state=approved%2Cto-do&attribute=a%3D1&attribute=b%3D2&like=x&kind=video");
  assert.equal(filterQuery(fields({ state: "in-review", attribute: "", like: "x" }), shown, address), "state=in-review&like=x");
});
