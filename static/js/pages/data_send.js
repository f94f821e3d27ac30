/** A file on its way to the server: small ones with the call itself, large ones by resumable upload before it. */

import { ApiError, apiUrl, csrfToken, readBody } from "../lib/api.js";
import { sizeText } from "../lib/dom.js";
import { Transfer, sentence } from "./upload_transfer.js";

const LARGE_BYTES = 32 * 2 ** 20;
const LOOK_MS = 1000;

/**
 * Send a file with a call that takes `file` or `upload`.
 * @param {string} project
 * @param {string} path of the call
 * @param {File} file
 * @param {Record<string, any>} fields objects go as JSON
 * @param {(share: number, words: string) => void} progress
 * @returns {Promise<any>} the call's answer, a job
 */
export async function sendFile(project, path, file, fields, progress) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  const told = (/** @type {number} */ sent) => progress(file.size ? sent / file.size : 1, `${sizeText(sent)} of ${sizeText(file.size)}`);
  if (file.size > LARGE_BYTES) form.append("upload", await uploaded(project, file, told));
  else form.append("file", file);
  return post(path, form, told);
}

/** @param {string} project @param {File} file @param {(sent: number) => void} told @returns {Promise<string>} the upload's id */
function uploaded(project, file, told) {
  return new Promise((resolve, reject) => {
    const transfer = new Transfer(file, { project, path: file.name, atOnce: false, position: 0 }, {
      progress: told,
      done: (id) => whole(transfer).then(() => resolve(id), reject),
      failed: (error) => reject(new Error(sentence(error))),
    });
    transfer.start().catch(reject);
  });
}

/** The server has looked into it. @param {Transfer} transfer */
async function whole(transfer) {
  for (;;) {
    const seen = await transfer.look();
    if (seen.state === "complete" && seen.inspected) return;
    if (seen.state === "refused") throw new Error(seen.problem.detail);
    if (seen.state === "staged" || seen.state === "committed") throw new Error("This is a picture or a video without labels: add it on the project's Items page.");
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** As `api`, but it tells how much of the body is sent. @param {string} path @param {FormData} form @param {(sent: number) => void} told @returns {Promise<any>} */
function post(path, form, told) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", apiUrl(path));
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.upload.onprogress = (event) => told(event.loaded);
    request.onerror = () => reject(new ApiError(0, { detail: "The server cannot be reached. Check the connection and try again." }));
    request.onload = () => {
      const answer = readBody(request.status, request.responseText);
      if (request.status < 300) resolve(answer);
      else reject(new ApiError(request.status, answer ?? {}));
    };
    request.send(form);
  });
}
