/** An op that cannot be applied to the annotation as it is. */
export class OpError extends Error {
  /** @param {string} code @param {string} detail */
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}
