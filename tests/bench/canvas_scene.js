/* What a hand does, a step a frame: in the editor (`editorScene`), and on the same shapes as plain SVG (`svgScene`), as
   SVG that CSS moves, as CVAT does (`cssScene`), and on a Konva stage (`konvaScene`). The editor's own page runs this by `tests/bench/canvas.py`; all have the same boxes,
   picture and steps. */

const MIDDLE = [800, 500];
/** A path that comes back: every step moves by a few pixels. */
const around = (i, radius) => [MIDDLE[0] + radius * Math.sin(i / 9), MIDDLE[1] + radius * Math.cos(i / 7)];
const factor = (i) => (Math.floor(i / 30) % 2 ? 1 / 1.04 : 1.04);

function editorScene() {
  const { editor, renderer } = frameloop;
  const stage = document.querySelector("#stage");
  stage.setPointerCapture = () => {}; // the browser knows no pointer that a script made up
  const { left, top } = stage.getBoundingClientRect();
  const send = (type, [x, y], more = {}) =>
    stage.dispatchEvent(new PointerEvent(type, { pointerId: 1, pointerType: "mouse", clientX: left + x, clientY: top + y, bubbles: true, ...more }));
  const shapes = editor.store.onFrame(null);
  const remote = (shape, i) => {
    const set = { geometry: { ...shape.geometry, x: shape.geometry.x + (i % 5) } };
    const rev = editor.store.rev + 1;
    editor.store.commit({ rev, tx_id: `bench-${rev}`, client_id: "another", actor: { id: "x", name: "X" }, at: "2026-01-05T10:00:00Z", ops: [{ op: "update", id: shape.id, set }] });
  };
  const middle = () => {
    const [x, y] = editor.view.toPicture(MIDDLE);
    return shapes.find(({ geometry: g }) => Math.abs(g.x - x) < 60 && Math.abs(g.y - y) < 60);
  };
  editor.setTool("select");
  return {
    idle: { step() {} },
    pan: { begin: () => send("pointerdown", around(0, 150), { button: 1 }), step: (i) => send("pointermove", around(i, 150)), end: () => send("pointerup", MIDDLE) },
    zoom: { step: (i) => stage.dispatchEvent(new WheelEvent("wheel", { deltaY: -Math.log(factor(i)) / 0.0016, clientX: left + MIDDLE[0], clientY: top + MIDDLE[1], cancelable: true })) },
    hover: { step: (i) => send("pointermove", around(i, 300)) },
    drag: {
      begin() {
        const { x, y, w, h } = middle().geometry;
        this.at = editor.view.toScreen([x + w / 2, y + h / 2]);
        send("pointerdown", this.at);
      },
      step(i) { send("pointermove", [this.at[0] + 8 + 60 * Math.sin(i / 9), this.at[1] + 60 * Math.cos(i / 7)]); },
      end() { document.dispatchEvent(new KeyboardEvent("keydown", { code: "Escape", key: "Escape" })); send("pointerup", this.at); },
    },
    remote: { step: (i) => { remote(shapes[(i * 2) % shapes.length], i); remote(shapes[(i * 2 + 5001) % shapes.length], i); } },
    redraw: { step() { renderer._stale = true; renderer._drawnAt = 0; renderer.ask(); } },
    hundred: {
      begin() { this.since = performance.now(); this.done = 0; },
      step(i) { for (const due = (performance.now() - this.since) / 10; this.done < due; this.done++) remote(shapes[(this.done * 37) % shapes.length], i); },
    },
  };
}

function konvaScene(shapes, colors, picture, fit) {
  document.body.replaceChildren();
  Object.assign(document.body.style, { margin: "0", overflow: "hidden", display: "block", background: "#111" });
  const holder = document.body.appendChild(document.createElement("div"));
  const stage = new Konva.Stage({ container: holder, width: 1600, height: 1000 });
  const layer = new Konva.Layer();
  const image = new Image();
  image.src = picture;
  layer.add(new Konva.Image({ image, listening: false }));
  const rects = shapes.map(({ geometry: g, label }) => new Konva.Rect({
    x: g.x, y: g.y, width: g.w, height: g.h, stroke: colors[label], strokeWidth: 1, strokeScaleEnabled: false, perfectDrawEnabled: false, shadowForStrokeEnabled: false,
  }));
  layer.add(...rects);
  stage.add(layer);
  let view = { ...fit };
  let over = null;
  const place = () => { stage.position({ x: view.x, y: view.y }); stage.scale({ x: view.scale, y: view.scale }); };
  place();
  return {
    idle: { step() {} },
    pan: { begin() { this.from = { ...view }; }, step(i) { const [x, y] = around(i, 150); view = { ...view, x: this.from.x + x - MIDDLE[0], y: this.from.y + y - MIDDLE[1] - 150 }; place(); }, end() { view = this.from; place(); } },
    zoom: { step(i) { const grown = factor(i); view = { scale: view.scale * grown, x: MIDDLE[0] - (MIDDLE[0] - view.x) * grown, y: MIDDLE[1] - (MIDDLE[1] - view.y) * grown }; place(); } },
    hover: { step(i) { const [x, y] = around(i, 300); const found = stage.getIntersection({ x, y }); if (found === over) return; over?.strokeWidth(1); over = found; over?.strokeWidth(3); } },
    drag: { step(i) { const from = shapes[4321 % shapes.length].geometry; rects[4321 % shapes.length].position({ x: from.x + 60 * Math.sin(i / 9), y: from.y + 60 * Math.cos(i / 7) }); } },
    remote: { step(i) { for (const at of [(i * 2) % rects.length, (i * 2 + 5001) % rects.length]) rects[at].x(shapes[at].geometry.x + (i % 5)); } },
    redraw: { step() { layer.batchDraw(); } },
  };
}

function svgScene(shapes, colors, picture, fit) {
  const NS = "http://www.w3.org/2000/svg";
  document.body.replaceChildren();
  Object.assign(document.body.style, { margin: "0", overflow: "hidden", display: "block", background: "#111" });
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("width", "1600");
  svg.setAttribute("height", "1000");
  const group = svg.appendChild(document.createElementNS(NS, "g"));
  const image = group.appendChild(document.createElementNS(NS, "image"));
  image.setAttribute("href", picture);
  const rects = shapes.map(({ geometry: g, label }) => {
    const rect = group.appendChild(document.createElementNS(NS, "rect"));
    for (const [name, value] of Object.entries({ x: g.x, y: g.y, width: g.w, height: g.h })) rect.setAttribute(name, value);
    rect.setAttribute("fill", "none");
    rect.setAttribute("stroke", colors[label]);
    rect.setAttribute("vector-effect", "non-scaling-stroke");
    rect.setAttribute("pointer-events", "all");
    return rect;
  });
  document.body.append(svg);
  let view = { ...fit };
  let over = null;
  const place = () => group.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
  const move = (rect, dx, dy, from) => { rect.setAttribute("x", from.x + dx); rect.setAttribute("y", from.y + dy); };
  place();
  return {
    idle: { step() {} },
    pan: { begin() { this.from = { ...view }; }, step(i) { const [x, y] = around(i, 150); view = { ...view, x: this.from.x + x - MIDDLE[0], y: this.from.y + y - MIDDLE[1] - 150 }; place(); }, end() { view = this.from; place(); } },
    zoom: { step(i) { const grown = factor(i); view = { scale: view.scale * grown, x: MIDDLE[0] - (MIDDLE[0] - view.x) * grown, y: MIDDLE[1] - (MIDDLE[1] - view.y) * grown }; place(); } },
    hover: { step(i) { const [x, y] = around(i, 300); const found = document.elementFromPoint(x, y); if (found === over) return; over?.setAttribute("stroke-width", "1"); over = found?.tagName === "rect" ? found : null; over?.setAttribute("stroke-width", "3"); } },
    drag: { step(i) { const at = 4321 % rects.length; move(rects[at], 60 * Math.sin(i / 9), 60 * Math.cos(i / 7), shapes[at].geometry); } },
    remote: { step(i) { for (const at of [(i * 2) % rects.length, (i * 2 + 5001) % rects.length]) move(rects[at], i % 5, 0, shapes[at].geometry); } },
    redraw: { step(i) { view = { ...view, x: fit.x + (i % 2) * 0.5 }; place(); } },
  };
}

/** An SVG of the picture's size over an `img`: `left` and `top` pan both, a scale zooms them, and then each outline gets its width anew. */
function cssScene(shapes, colors, picture, fit) {
  const NS = "http://www.w3.org/2000/svg";
  document.body.replaceChildren();
  Object.assign(document.body.style, { margin: "0", overflow: "hidden", display: "block", background: "#111" });
  const holder = document.body.appendChild(document.createElement("div"));
  Object.assign(holder.style, { position: "relative", width: "1600px", height: "1000px", overflow: "hidden" });
  const image = holder.appendChild(new Image());
  image.src = picture;
  const svg = holder.appendChild(document.createElementNS(NS, "svg"));
  svg.setAttribute("width", "4000");
  svg.setAttribute("height", "3000");
  const rects = shapes.map(({ geometry: g, label }) => {
    const rect = svg.appendChild(document.createElementNS(NS, "rect"));
    for (const [name, value] of Object.entries({ x: g.x, y: g.y, width: g.w, height: g.h })) rect.setAttribute(name, value);
    rect.setAttribute("fill", "none");
    rect.setAttribute("stroke", colors[label]);
    rect.setAttribute("pointer-events", "all");
    return rect;
  });
  let view = { ...fit };
  let over = null;
  for (const each of [image, svg]) Object.assign(each.style, { position: "absolute", transformOrigin: "0 0" });
  const pan = () => { for (const { style } of [image, svg]) Object.assign(style, { left: `${view.x}px`, top: `${view.y}px` }); };
  const zoom = () => {
    for (const { style } of [image, svg]) style.transform = `scale(${view.scale})`;
    for (const rect of rects) rect.setAttribute("stroke-width", 1 / view.scale);
    pan();
  };
  const width = (rect, pixels) => rect?.setAttribute("stroke-width", pixels / view.scale);
  const move = (at, dx, dy) => { const { x, y } = shapes[at].geometry; rects[at].setAttribute("x", x + dx); rects[at].setAttribute("y", y + dy); };
  zoom();
  return {
    idle: { step() {} },
    pan: { begin() { this.from = { ...view }; }, step(i) { const [x, y] = around(i, 150); view = { ...view, x: this.from.x + x - MIDDLE[0], y: this.from.y + y - MIDDLE[1] - 150 }; pan(); }, end() { view = this.from; pan(); } },
    zoom: { step(i) { const grown = factor(i); view = { scale: view.scale * grown, x: MIDDLE[0] - (MIDDLE[0] - view.x) * grown, y: MIDDLE[1] - (MIDDLE[1] - view.y) * grown }; zoom(); } },
    hover: { step(i) { const [x, y] = around(i, 300); const found = document.elementFromPoint(x, y); if (found === over) return; width(over, 1); over = found?.tagName === "rect" ? found : null; width(over, 3); } },
    drag: { step(i) { move(4321 % rects.length, 60 * Math.sin(i / 9), 60 * Math.cos(i / 7)); } },
    remote: { step(i) { for (const at of [(i * 2) % rects.length, (i * 2 + 5001) % rects.length]) move(at, i % 5, 0); } },
    redraw: { step() { zoom(); svg.style.opacity = svg.style.opacity ? "" : "0.999"; } },
  };
}

/** Do `steps` of a gesture, one in each frame; `begin` and `end` are outside of what is measured. */
globalThis.bench = {
  frame: () => new Promise((resolve) => requestAnimationFrame(resolve)),
  async begin(gesture) { this.scene[gesture].begin?.(); this.at = 0; await this.frame(); await this.frame(); },
  async run(gesture, steps) {
    for (let i = 0; i < steps; i++) { await this.frame(); this.scene[gesture].step(this.at++); }
    await this.frame();
  },
  async end(gesture) { this.scene[gesture].end?.(); await this.frame(); },
  useEditor() { this.scene = editorScene(); },
  useSvg(...given) { this.scene = svgScene(...given); },
  useCss(...given) { this.scene = cssScene(...given); },
  useKonva(...given) { this.scene = konvaScene(...given); },
};
