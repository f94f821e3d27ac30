/* Steps through a video on the editor's own page, and through the same file in a <video>; `tests/bench/video.py` runs it.
   A step ends when the picture is on the stage and the page has begun its next frame. The number that is drawn into the
   pixels is read back, outside of what is timed. */

const tick = () => new Promise((resolve) => requestAnimationFrame(resolve));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

globalThis.videoBench = {
  /** The number in a picture's top row of bright and dark cells, lowest bit first. */
  read(picture, bits, cell, width) {
    this.canvas ??= new OffscreenCanvas(bits * cell, cell);
    Object.assign(this.canvas, { width: bits * cell, height: cell });
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    const shown = picture.naturalWidth || picture.videoWidth || picture.width;
    const grown = width / shown;
    context.drawImage(picture, 0, 0, (bits * cell) / grown, cell / grown, 0, 0, bits * cell, cell);
    const { data } = context.getImageData(0, 0, bits * cell, cell);
    let number = 0;
    for (let bit = 0; bit < bits; bit++) if (data[4 * ((cell >> 1) * bits * cell + bit * cell + (cell >> 1))] > 128) number += 2 ** bit;
    return number;
  },

  /** One way to frame n: the editor's, by the decoder or by the server's pictures. */
  editor(decodes) {
    const { editor } = frameloop;
    const { frames } = editor;
    if (!decodes && frames.decoder) {
      frames.decoder.close();
      frames.decoder = null;
    }
    const stage = document.querySelector("#stage");
    return {
      async go(n) {
        const shown = new Promise((resolve) => {
          const off = editor.on("frame", () => {
            if (editor.frame === n) { off(); resolve(); }
          });
        });
        editor.goTo(n);
        await shown;
      },
      picture: () => stage.querySelector(".ed-picture > *"),
    };
  },

  /** Another: a <video> that is sent to the middle of frame n at its average rate, and waits for what it presents. */
  async element(url, fps) {
    const video = Object.assign(document.createElement("video"), { src: url, muted: true, preload: "auto" });
    video.style.cssText = "position: fixed; inset: 0; width: 960px; z-index: 9";
    document.body.append(video);
    await new Promise((resolve) => video.addEventListener("loadeddata", resolve, { once: true }));
    return {
      async go(n) {
        const shown = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
        video.currentTime = (n + 0.5) / fps;
        await Promise.race([shown, pause(2000)]);
      },
      picture: () => video,
    };
  },

  /** Milliseconds of each step, and how many showed another frame. */
  async walk(way, wanted, cells, rest) {
    const took = [];
    let wrong = 0;
    for (const n of wanted) {
      const began = performance.now();
      await way.go(n);
      await tick();
      took.push(performance.now() - began);
      if (this.read(way.picture(), ...cells) !== n) wrong += 1;
      if (rest) await pause(rest);
    }
    return { took, wrong };
  },

  /** @param {string} kind decoder, pictures or element */
  async run(kind, lists, cells, url, fps) {
    const way = kind === "element" ? await this.element(url, fps) : this.editor(kind === "decoder");
    const result = {};
    for (const [name, wanted] of Object.entries(lists)) {
      await way.go(wanted[0]);
      await pause(300);
      result[name] = await this.walk(way, wanted.slice(1), cells, name === "anywhere" ? 0 : 20);
    }
    return result;
  },
};
