/*
 * index.html of an appeal's bundle. A plain script: a browser loads no modules from file://.
 *
 * One clock drives all pictures. Each take lies at its place on the recording's timeline; whoever was not connected at a moment
 * has none there. A picture that is out of step by more than OFF_MS is put right.
 */
"use strict";

(() => {
  const OFF_MS = 120;
  const LOOK_MS = 200;

  const watch = document.getElementById("watch");
  if (!watch) return;
  const length = Number(watch.dataset.lengthMs);
  const stages = [...watch.querySelectorAll(".appeal-stage")].map((stage) => ({
    away: /** @type {HTMLElement} */ (stage.querySelector(".appeal-away")),
    takes: [...stage.querySelectorAll("video")].map((video) => ({
      video,
      from: Number(video.dataset.fromMs),
      to: Number(video.dataset.toMs),
    })),
  }));
  const turns = /** @type {HTMLElement[]} */ ([...watch.querySelectorAll("#turns > li")]);
  const list = document.getElementById("turns-scroll");
  const play = /** @type {HTMLButtonElement} */ (document.getElementById("play"));
  const seek = /** @type {HTMLInputElement} */ (document.getElementById("seek"));
  const speed = /** @type {HTMLSelectElement} */ (document.getElementById("speed"));
  const follow = /** @type {HTMLInputElement} */ (document.getElementById("follow"));
  const shown = /** @type {HTMLElement} */ (document.getElementById("now"));

  /** Where the clock stood when it was set last, and when that was; null: it stands still. */
  let at = 0;
  /** @type {number | null} */
  let since = null;
  let rate = 1;

  const now = () => Math.min(length, since === null ? at : at + (performance.now() - since) * rate);

  /** @param {number} ms */
  const clock = (ms) => `${Math.floor(ms / 60000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

  /** Every picture is where the clock is, and plays when it runs. */
  function align() {
    const ms = now();
    if (since !== null && ms >= length) set(length, false);
    for (const { away, takes } of stages) {
      const here = takes.find((take) => ms >= take.from && ms < take.to) ?? (ms >= length ? takes.at(-1) : undefined);
      away.hidden = here !== undefined;
      for (const { video, from } of takes) {
        video.hidden = video !== here?.video;
        if (video.hidden || since === null) video.pause();
        if (video.hidden || video.seeking) continue;
        const wanted = Math.max(0, ms - from) / 1000;
        if (Math.abs(video.currentTime - wanted) * 1000 > OFF_MS * rate) video.currentTime = wanted;
        video.playbackRate = rate;
        if (since !== null && video.paused && !video.ended) video.play().catch(() => {});
      }
    }
    seek.value = String(ms);
    seek.setAttribute("aria-valuetext", clock(ms));
    shown.textContent = clock(ms);
    mark(ms);
  }

  /** @type {HTMLElement | undefined} */
  let current;

  /** The turn that is heard. @param {number} ms */
  function mark(ms) {
    const spoken = turns.filter((turn) => Number(turn.dataset.fromMs) <= ms).at(-1);
    if (spoken === current) return;
    current?.removeAttribute("aria-current");
    current = spoken;
    spoken?.setAttribute("aria-current", "true");
    // The list alone is moved, never the page: somebody may be reading elsewhere.
    if (spoken && list && follow.checked && since !== null) list.scrollTop = spoken.offsetTop - list.offsetTop - list.clientHeight / 3;
  }

  /** @param {number} ms @param {boolean} running */
  function set(ms, running) {
    at = Math.max(0, Math.min(length, ms));
    since = running ? performance.now() : null;
    play.textContent = (running ? play.dataset.pause : play.dataset.play) ?? "";
  }

  /** @param {number} ms */
  function go(ms, running = since !== null) {
    set(ms, running);
    align();
  }

  for (const { takes } of stages) for (const { video } of takes) video.controls = false;
  for (const hidden of ["transport", "follow-label"]) document.getElementById(hidden)?.removeAttribute("hidden");
  play.addEventListener("click", () => go(since === null && now() >= length ? 0 : now(), since === null));
  document.getElementById("back")?.addEventListener("click", () => go(now() - 5000));
  document.getElementById("forward")?.addEventListener("click", () => go(now() + 5000));
  seek.addEventListener("input", () => go(Number(seek.value)));
  speed.addEventListener("change", () => {
    set(now(), since !== null);
    rate = Number(speed.value);
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-at]") : null;
    if (!(link instanceof HTMLElement)) return;
    // From afar the link leads to the pictures as well; beside them the page stays where it is.
    if (watch.contains(link)) event.preventDefault();
    go(Number(link.dataset.at), true);
  });
  setInterval(align, LOOK_MS);
  align();
})();
