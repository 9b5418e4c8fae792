/** Keeping a picture in step with the clock. Pure. */

/** Beyond this a picture is set to its place; below, it catches up by playing a little faster or slower. */
export const SEEK_MS = 200;

/** Begin to correct above the one, and leave well alone below the other. */
const START_MS = 15;
const STOP_MS = 4;

/** The pitch is kept, so a voice that is a little off its speed sounds as usual; the larger the error, the shorter it is heard. */
const MOST = 0.2;
const REACH_MS = 400;

/**
 * What to do about a picture that is off by so much.
 * @param {number} error_ms its place less the clock's: positive is ahead
 * @param {boolean} correcting whether its speed is being altered already
 * @returns {{seek: boolean, factor: number}} the speed is to be multiplied by the factor
 */
export function correction(error_ms, correcting) {
  const size = Math.abs(error_ms);
  if (size > SEEK_MS) return { seek: true, factor: 1 };
  if (size < (correcting ? STOP_MS : START_MS)) return { seek: false, factor: 1 };
  return { seek: false, factor: 1 - Math.sign(error_ms) * Math.min(MOST, size / REACH_MS) };
}
