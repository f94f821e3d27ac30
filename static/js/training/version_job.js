/** Following one job to its end: by the project's socket, and by asking now and then in case a message was lost. */

import { api } from "../lib/api.js";
import { openSocket } from "../lib/socket.js";

const LOOK_MS = 2000;
const ENDED = new Set(["succeeded", "failed", "cancelled"]);

/**
 * @param {string} project
 * @param {any} job as the interface gave it
 * @param {(event: any) => void} [progress]
 * @returns {Promise<any>} the job when it has succeeded
 * @throws {Error} with the sentence that says why it has not
 */
export function followJob(project, job, progress = () => {}) {
  return new Promise((resolve, reject) => {
    const look = async () => {
      const now = await api("GET", `jobs/${job.id}`).catch(() => null);
      if (!now || !ENDED.has(now.status)) return;
      socket.close();
      clearInterval(timer);
      if (now.status === "succeeded") resolve(now);
      else reject(new Error(now.error?.detail ?? "It was cancelled."));
    };
    const timer = setInterval(look, LOOK_MS);
    const socket = openSocket(`/ws/projects/${project}/`, {
      onMessage(message) {
        if (message.type !== "job" || message.job !== job.id) return;
        if (message.event.kind === "status") look();
        else progress(message.event);
      },
    });
  });
}
