/** The encounter's one timeline: whose take plays when, where there is nothing, and where nobody speaks. Pure. */

/** @import { Gap, Recording, Span, Take, Voice } from "./types.js" */

const ORDER = ["candidate", "sp"];

/** Kinds of gap in which a person was not connected at all. */
const AWAY = ["absent", "line", "rejoin"];

/** Gaps shorter than this are neither drawn nor said. */
const LEAST_GAP_MS = 500;

/** A silence is skipped when it is this long, from a little after its beginning to a little before its end. */
const SILENCE_MS = 2000;
const AFTER_MS = 600;
const BEFORE_MS = 400;

/**
 * The people in a recording, the candidate first.
 * @param {Recording} recording
 * @returns {Voice[]}
 */
export function voicesOf(recording) {
  const length = recording.duration_ms ?? 0;
  /** @type {Map<string, Take[]>} */
  const bySeat = new Map();
  for (const take of recording.takes) bySeat.set(take.seat, [...(bySeat.get(take.seat) ?? []), take]);
  const voices = [...bySeat].map(([seat, takes]) => {
    takes.sort((a, b) => a.starts_ms - b.starts_ms);
    const { role, name, who } = /** @type {Take} */ (takes[0]);
    return { seat, role, name, who, takes, speech: recording.speech[who ? seat : role] ?? [], gaps: gapsOf(takes, length) };
  });
  const place = (/** @type {Voice} */ voice) => (ORDER.indexOf(voice.role) + ORDER.length + 1) % (ORDER.length + 1);
  return voices.sort((a, b) => place(a) - place(b));
}

/** @param {Take} take */
export const endOf = (take) => take.starts_ms + (take.duration_ms ?? 0);

/**
 * The take that plays at a moment. After a rejoin two may overlap: the newer one counts.
 * @param {Take[]} takes by their start
 * @param {number} at_ms
 * @returns {Take | null}
 */
export function takeAt(takes, at_ms) {
  return takes.findLast((take) => take.url !== null && take.starts_ms <= at_ms && at_ms < endOf(take)) ?? null;
}

/**
 * The take that begins next.
 * @param {Take[]} takes by their start
 * @param {number} at_ms
 * @returns {Take | null}
 */
export function nextTake(takes, at_ms) {
  return takes.find((take) => take.url !== null && take.starts_ms > at_ms) ?? null;
}

/**
 * Where there is nothing of a person: outside their takes, and the gaps that were noted within. Those of a kind that touch are one.
 * @param {Take[]} takes by their start
 * @param {number} length_ms
 * @returns {Gap[]}
 */
export function gapsOf(takes, length_ms) {
  const playable = takes.filter((take) => take.url !== null);
  const absent = complement(playable.map((take) => [take.starts_ms, endOf(take)]), length_ms);
  const noted = takes.flatMap((take) => take.gaps);
  const away = merged([...absent, ...noted.filter(isAway).map((gap) => /** @type {Span} */ ([gap.from_ms, gap.to_ms]))]);
  /** @type {Gap[]} */
  const gaps = [...away.map(([from_ms, to_ms]) => ({ kind: "absent", from_ms, to_ms })), ...noted.filter((gap) => !isAway(gap))];
  return gaps.filter((gap) => gap.to_ms - gap.from_ms >= LEAST_GAP_MS).sort((a, b) => a.from_ms - b.from_ms);
}

/** @param {Gap} gap */
const isAway = (gap) => AWAY.includes(gap.kind) && !gap.track;

/**
 * The gap that a person is in at a moment.
 * @param {Voice} voice
 * @param {number} at_ms
 * @returns {Gap | null}
 */
export function gapAt(voice, at_ms) {
  return voice.gaps.find((gap) => gap.from_ms <= at_ms && at_ms < gap.to_ms) ?? null;
}

/**
 * Overlapping and touching spans as one, in order.
 * @param {Span[]} spans
 * @returns {Span[]}
 */
export function merged(spans) {
  /** @type {Span[]} */
  const found = [];
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = found.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

/**
 * What the spans leave open, from 0 to the end.
 * @param {Span[]} spans
 * @param {number} length_ms
 * @returns {Span[]}
 */
export function complement(spans, length_ms) {
  /** @type {Span[]} */
  const found = [];
  let at = 0;
  for (const [from, to] of merged(spans)) {
    if (from > at) found.push([at, Math.min(from, length_ms)]);
    at = Math.max(at, to);
  }
  if (at < length_ms) found.push([at, length_ms]);
  return found;
}

/**
 * What to pass over when silence is skipped: nobody speaks there for longer than a pause for thought.
 * @param {Voice[]} voices
 * @param {number} length_ms
 * @returns {Span[]}
 */
export function silences(voices, length_ms) {
  const speech = voices.flatMap((voice) => voice.speech);
  if (speech.length === 0) return [];
  return complement(speech, length_ms)
    .filter(([from, to]) => to - from >= SILENCE_MS)
    .map(([from, to]) => [from === 0 ? 0 : from + AFTER_MS, to === length_ms ? to : to - BEFORE_MS]);
}

/**
 * Where to go on from inside a silence.
 * @param {Span[]} quiet
 * @param {number} at_ms
 * @returns {number | null} null where somebody speaks
 */
export function skipTo(quiet, at_ms) {
  return quiet.find(([from, to]) => from <= at_ms && at_ms < to)?.[1] ?? null;
}
