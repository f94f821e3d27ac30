/** Calls of the REST interface with the page's session. */

/** A refusal, with the server's own sentence about what is wrong and how to mend it. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 when the server was not reached
   * @param {Record<string, any>} problem the problem+json body
   */
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
    /** @type {string} */
    this.detail = this.message;
    /** @type {string} */
    this.code = problem.code ?? "";
    /** @type {{pointer: string, code: string, detail: string}[]} */
    this.errors = problem.errors ?? [];
  }
}

/** The CSRF token: the cookie's, because signing in elsewhere changes it under an open page. */
export function csrfToken() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  if (cookie) return decodeURIComponent(cookie.slice("csrftoken=".length));
  return document.querySelector("meta[name=csrf-token]")?.getAttribute("content") ?? "";
}

/** `jobs/1/cancel` -> `/api/v1/jobs/1/cancel`; a path with a leading slash and a URL stay as they are. @param {string} path */
export function apiUrl(path) {
  return path.startsWith("/") || /^https?:/.test(path) ? path : `/api/v1/${path}`;
}

/**
 * @param {number} status
 * @param {string} text
 * @returns {any} the JSON of a body, or a problem that says what came instead
 */
export function readBody(status, text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return { detail: `The server answered ${status} with something that is no JSON. Reload the page and try again.` };
  }
}

/**
 * Call the interface.
 * @param {string} method
 * @param {string} path relative to /api/v1/, or absolute
 * @param {any} [body] an object is sent as JSON, FormData and Blob as they are
 * @param {{signal?: AbortSignal, headers?: Record<string, string>}} [options]
 * @returns {Promise<any>} the parsed body, null when there is none
 * @throws {ApiError}
 */
export async function api(method, path, body, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", ...options.headers };
  const raw = body instanceof FormData || body instanceof Blob;
  if (body !== undefined && !raw) headers["Content-Type"] = "application/json";
  if (!["GET", "HEAD"].includes(method)) headers["X-CSRFToken"] = csrfToken();
  const payload = body === undefined || raw ? body : JSON.stringify(body);
  const init = { method, headers, body: payload, signal: options.signal, credentials: /** @type {const} */ ("same-origin") };
  const response = await fetch(apiUrl(path), init).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { detail: "The server cannot be reached. Check the connection and try again." });
  });
  const answer = readBody(response.status, await response.text());
  if (!response.ok) throw new ApiError(response.status, answer ?? {});
  return answer;
}

/** Every row of a cursor list, page by page. @param {string} path @returns {AsyncGenerator<any>} */
export async function* pages(path) {
  for (let next = path; next; ) {
    const page = await api("GET", next);
    yield* page.results;
    next = page.next;
  }
}
