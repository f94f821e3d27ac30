/** A clock that is turned by hand, and the far end of a socket. */

export class Clock {
  constructor() {
    this.time = 0;
    this.next = 1;
    this.timers = new Map();
  }

  now() {
    return this.time;
  }

  random() {
    return 0.5;
  }

  setTimeout(act, ms) {
    this.timers.set(this.next, { at: this.time + ms, act });
    return this.next++;
  }

  clearTimeout(id) {
    this.timers.delete(id);
  }

  async pass(ms) {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].at);
      due[1].act();
      await settle();
    }
    this.time = end;
  }
}

export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** The transport boundary: what a client sent can be read, and the server's words be said. */
export class Line {
  constructor() {
    this.sent = [];
    this.open = false;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.open = false;
  }

  connect() {
    this.open = true;
    this.onopen();
  }

  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  drop(code = 1006, reason = "") {
    this.onclose({ code, reason });
  }

  of(type) {
    return this.sent.filter((message) => message.type === type);
  }
}

export function memoryQueue() {
  const records = new Map();
  return {
    kind: "memory",
    records,
    async all(item, user) {
      return [...records.values()].filter((tx) => tx.item === item && tx.user === user).sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    async put(tx) {
      records.set(tx.key, structuredClone(tx));
    },
    async remove(key) {
      records.delete(key);
    },
  };
}

export const LABEL = "11111111-1111-7111-8111-111111111111";

export function box(x = 0, y = 0, w = 10, h = 10) {
  return { type: "box", x, y, w, h };
}

export function create(id, geometry = box(), more = {}) {
  return { op: "create", id, label: LABEL, geometry, ...more };
}
