/* Stands in the marking page under measurement: when it became usable, and when each picture showed what was asked for. */

const bench = (window.bench = { marks: {} });

function mark(name, now) {
  if (!(name in bench.marks) && now) bench.marks[name] = performance.now();
}

function look() {
  const watch = document.getElementById("watch");
  const videos = bench.videos();
  const both = watch && !watch.hidden && videos.length === 2;
  mark("transcript", document.querySelectorAll("#turns .word").length > 0);
  mark("seekable", both && videos.every((video) => video.seekable.length > 0 && video.seekable.end(0) > 1));
  mark("sheet", document.querySelector("[data-current] .item-group") !== null);
  mark("pictures", both && videos.every((video) => video.readyState >= 2 && !video.seeking));
  if (!["transcript", "pictures", "seekable", "sheet"].every((name) => name in bench.marks)) requestAnimationFrame(look);
}

bench.videos = () => [...document.querySelectorAll(".desk-picture video")].filter((video) => !video.hidden);

/** What follows the next press on the lanes, or of a key: for each picture, when the frame that was asked for was shown, and which. */
bench.expectSeek = (press = "pointerdown") => {
  bench.seek = new Promise((done) => {
    const shown = new Map();
    let pressed = null;
    addEventListener(press, (event) => (pressed = event.timeStamp), { capture: true, once: true });
    for (const video of bench.videos()) {
      const frame = (now, { mediaTime }) => {
        const late_s = video.currentTime - mediaTime;
        if (pressed === null || late_s < -0.001 || late_s > 0.09) return video.requestVideoFrameCallback(frame);
        shown.set(video, { src: video.currentSrc, ms: performance.now() - pressed, media_ms: mediaTime * 1000, asked_ms: video.currentTime * 1000 });
        if (shown.size === bench.videos().length) done([...shown.values()]);
      };
      video.requestVideoFrameCallback(frame);
    }
  });
};

/** Every frame shown while it plays: the picture, when it came to the screen, and its place in the file. */
bench.watch = () => {
  bench.frames = [];
  for (const video of bench.videos()) {
    const frame = (now, { mediaTime, expectedDisplayTime }) => {
      bench.frames.push({ src: video.currentSrc, at_ms: expectedDisplayTime, media_ms: mediaTime * 1000 });
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
  }
};

/** From the next press of a key, or the last while somebody types, until the page says that all is saved. */
bench.expectSaved = () => {
  const state = document.getElementById("save-state");
  bench.saved = new Promise((done) => {
    let pressed = null;
    let saving = false;
    const press = (event) => (pressed = event.timeStamp);
    addEventListener("keydown", press, { capture: true });
    new MutationObserver((_, watching) => {
      saving ||= pressed !== null && state.dataset.tone !== "good";
      if (!saving || state.dataset.tone !== "good") return;
      watching.disconnect();
      removeEventListener("keydown", press, { capture: true });
      done(Math.round((performance.now() - pressed) * 10) / 10);
    }).observe(state, { attributes: true, childList: true, characterData: true, subtree: true });
  });
};

/** Watches from now on how long each key waits for the next frame: from the press until it is on the screen, in steps of 8 ms. */
bench.attend = () => {
  const found = [];
  let keys = 0;
  addEventListener("keydown", () => keys++, { capture: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "keydown") found.push(entry.duration);
  }).observe({ type: "event", durationThreshold: 16 });
  // What took less than 16 ms is not listed.
  bench.delays = () => [...found, ...Array(Math.max(0, keys - found.length)).fill(16)];
};

requestAnimationFrame(look);
