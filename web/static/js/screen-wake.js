/** Keeps a phone's screen on while it is needed, where the browser can (Screen Wake Lock). */
export class ScreenWake {
  #wanted = false;
  /** @type {WakeLockSentinel | null} */ #lock = null;

  constructor() {
    // The browser takes the lock back whenever the page is out of sight.
    document.addEventListener("visibilitychange", () => void this.#take());
  }

  /** @param {boolean} wanted */
  keep(wanted) {
    this.#wanted = wanted;
    if (wanted) void this.#take();
    else void this.#lock?.release().catch(() => undefined);
  }

  async #take() {
    if (!this.#wanted || document.hidden || !("wakeLock" in navigator) || (this.#lock && !this.#lock.released)) return;
    this.#lock = await navigator.wakeLock.request("screen").catch(() => null);
  }
}
