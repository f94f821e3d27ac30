/** Tagging: digits set and take away tags of the picture as a whole; nothing is drawn. */

export class TagTool {
  /** @param {import("../editor.js").Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.cursor = "default";
  }

  enter() {
    this.editor.setHover(null);
  }

  exit() {}

  down() {}

  move() {}

  up() {}

  cancel() {}

  /** @param {KeyboardEvent} event */
  key(event) {
    return tagKey(event, this.editor);
  }
}

/** A digit toggles the tag of its class. @param {KeyboardEvent} event @param {import("../editor.js").Editor} editor @returns {boolean} whether it was one */
export function tagKey(event, editor) {
  const [, digit] = /^(?:Digit|Numpad)([1-9])$/.exec(event.code) ?? [];
  if (!digit || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return false;
  const label = editor.labels[Number(digit) - 1];
  if (label && !event.repeat) editor.emit("tag", label.id);
  return true;
}
