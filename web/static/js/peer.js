/**
 * One person's media: a peer connection that is replaced when it dies and never renegotiated.
 *
 * The page offers its microphone and camera plus empty receive slots; the server binds other people to the slots and says
 * which by `bound` (web/PROTOCOL.md, Media). A connection that fails, or that brings nothing for eight seconds, is closed
 * and a fresh one takes the same seat, for as long as it is wanted.
 */

/** @import { Role, Slot, Ticket } from "./types.js" */

import { LineWatch, summary } from "./line.js";

/** @typedef {"audio" | "video"} Kind */
/** @typedef {"idle" | "connecting" | "connected" | "reconnecting" | "closed"} PeerState */
/** @typedef {{participant: string, name: string, role: Role, stream: MediaStream}} Heard another person of the room, with what they send */
/**
 * @typedef {object} PeerOptions
 * @property {() => Promise<Ticket>} ticket asks the server for a ticket to where this person should be now
 * @property {MediaStream | null} stream the microphone and camera; either may be missing
 * @property {(state: PeerState) => void} [onstate]
 * @property {(people: Heard[]) => void} [onbound] everyone who can be seen or heard; the whole truth, not a difference
 * @property {boolean} [listens] sends nothing, and asks for no device
 * @property {(kind: Kind) => void} [onended] a device was unplugged or taken away; `replaceTrack` puts another in its place
 */

const GATHER_MS = 1500;
const CONNECT_MS = 8000;
const WATCH_MS = 1000;
/** In this time a living line brings a packet, or in a held room a report; one that has faltered was bringing packets. */
const VERIFY_MS = { connected: 1500, faltering: 700 };
const RETRY_MS = [300, 600, 1200, 2400, 3000];
/** The only codecs there are, and the one that carries repairs. */
const CODECS = { audio: ["audio/opus"], video: ["video/vp8", "video/rtx"] };
const PICTURE_HEIGHT = 480;

export class Peer {
  /** @type {PeerOptions} */ #options;
  /** @type {Record<Kind, MediaStreamTrack | null>} */ #tracks = { audio: null, video: null };
  /** @type {PeerState} */ #state = "idle";
  /** @type {RTCPeerConnection | null} */ #connection = null;
  /** @type {Record<Kind, RTCRtpSender | null>} */ #senders = { audio: null, video: null };
  /** @type {Map<string, Heard>} */ #people = new Map();
  /** @type {Slot[]} */ #slots = [];
  #watch = new LineWatch();
  #attempts = 0;
  /** Aborted to end the present connection, or the pause before the next. */
  #turn = new AbortController();

  /** @param {PeerOptions} options */
  constructor(options) {
    this.#options = options;
    for (const track of options.stream?.getTracks() ?? []) this.#keep(track);
  }

  get state() {
    return this.#state;
  }

  /** Connects, and stays connected until `close`. */
  start() {
    if (this.#state !== "idle") return;
    addEventListener("online", this.#wake);
    this.#become("connecting");
    void this.#live();
  }

  /** Leaves for good. The microphone and camera are the caller's and stay on. */
  close() {
    this.#become("closed");
    removeEventListener("online", this.#wake);
    this.#turn.abort();
    this.#people.clear();
  }

  /** Makes a fresh connection now: the place has changed, or the server was away. */
  restart() {
    if (this.#state === "idle" || this.#state === "closed") return;
    this.#attempts = 0;
    this.#become("reconnecting");
    this.#turn.abort();
  }

  /**
   * The socket is back. A server that was started anew knows nothing of the old connection: a fresh one is made at once.
   * @param {boolean} anew
   */
  back(anew) {
    if (anew) this.restart();
    else void this.verify();
  }

  /**
   * Makes a fresh connection if this one is found dead, sooner than it would be noticed: a server that sees us at a new
   * address knows nothing of the old one.
   */
  async verify() {
    const connection = this.#connection;
    if (connection === null || this.#state === "connecting") return this.#wake();
    const watch = this.#watch;
    watch.read(await connection.getStats(), performance.now());
    const before = watch.heard;
    await pause(VERIFY_MS[this.#state === "connected" ? "connected" : "faltering"], this.#turn.signal);
    if (connection !== this.#connection || this.#closed()) return;
    watch.read(await connection.getStats(), performance.now());
    if (connection === this.#connection && watch.heard === before) this.restart();
  }

  /**
   * Sends another microphone or camera, or none, without a new connection.
   * @param {Kind} kind
   * @param {MediaStreamTrack | null} track
   */
  async replaceTrack(kind, track) {
    if (track) this.#keep(track);
    else this.#tracks[kind] = null;
    const sender = this.#senders[kind];
    await sender?.replaceTrack(track);
    if (kind === "video" && sender) await tune(sender, track);
  }

  /**
   * Tells who is in which slot, as the server's `bound` does.
   * @param {Slot[]} slots
   */
  bind(slots) {
    this.#slots = slots;
    const connection = this.#connection;
    if (connection === null) return;
    /** @type {Map<string, MediaStreamTrack[]>} */
    const heard = new Map();
    for (const slot of slots) {
      if (slot.participant === null) continue;
      const track = connection.getTransceivers().find((each) => each.mid === slot.mid)?.receiver.track;
      if (track) heard.set(slot.participant, [...(heard.get(slot.participant) ?? []), track]);
    }
    const before = this.#people;
    this.#people = new Map();
    for (const slot of slots) {
      const tracks = slot.participant && !this.#people.has(slot.participant) ? heard.get(slot.participant) : null;
      if (!slot.participant || !tracks) continue;
      const stream = before.get(slot.participant)?.stream ?? new MediaStream();
      exchange(stream, tracks);
      this.#people.set(slot.participant, { participant: slot.participant, name: slot.name, role: slot.role, stream });
    }
    this.#watch.expects = this.#people.size > 0;
    this.#options.onbound?.([...this.#people.values()]);
  }

  /** How the line is: rates in kb/s, round trip in ms, loss as a share from 0 to 1; null where nothing is known yet. */
  stats() {
    return summary(this.#watch, this.#connection?.connectionState ?? "new");
  }

  /** @param {PeerState} state */
  #become(state) {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.#options.onstate?.(state);
  }

  #wake = () => {
    if (this.#connection?.connectionState !== "connected") this.restart();
  };

  /** @param {MediaStreamTrack} track */
  #keep(track) {
    const kind = /** @type {Kind} */ (track.kind);
    track.contentHint = kind === "audio" ? "speech" : "motion";
    this.#tracks[kind] = track;
    track.addEventListener("ended", () => {
      if (this.#tracks[kind] === track) this.#options.onended?.(kind);
    });
  }

  /** One connection after another until it is no longer wanted. */
  async #live() {
    while (this.#state !== "closed") {
      this.#turn = new AbortController();
      const turn = this.#turn.signal;
      try {
        await this.#connect(turn);
        await this.#untilLost(turn);
      } catch {
        // Whatever went wrong (no ticket, refused offer, no route), the answer is the same: another try.
      }
      this.#hangUp();
      if (this.#closed()) return;
      this.#become("reconnecting");
      // A turn that was ended on purpose wants the next one at once.
      if (!turn.aborted) await pause(RETRY_MS[Math.min(this.#attempts++, RETRY_MS.length - 1)] ?? 0, turn);
    }
  }

  /** A method, so that the type checker does not take the state for unchanged across an await. */
  #closed() {
    return this.#state === "closed";
  }

  #hangUp() {
    this.#connection?.close();
    this.#connection = null;
    this.#senders = { audio: null, video: null };
  }

  /** @param {AbortSignal} turn */
  async #connect(turn) {
    const ticket = await unless(turn, this.#options.ticket());
    const connection = new RTCPeerConnection({ iceServers: ticket.ice_servers, bundlePolicy: "max-bundle" });
    this.#connection = connection;
    this.#watch = new LineWatch();
    this.#slots = [];
    this.#people = new Map();
    this.#offerTracks(connection, ticket.receive_slots);
    await describe(connection);
    await unless(turn, gathered(connection));
    const answer = await post(ticket, connection.localDescription?.sdp ?? "", turn);
    turn.throwIfAborted();
    await connection.setRemoteDescription({ type: "answer", sdp: answer });
    // `bound` may have come by the socket before the answer came by HTTP.
    if (this.#slots.length > 0) this.bind(this.#slots);
    await unless(turn, connected(connection));
    for (const kind of /** @type {Kind[]} */ (["audio", "video"])) {
      const sender = this.#senders[kind];
      if (sender) await tune(sender, sender.track);
    }
    this.#become("connected");
  }

  /**
   * @param {RTCPeerConnection} connection
   * @param {number} slots
   */
  #offerTracks(connection, slots) {
    if (!this.#options.listens) this.#offerDevices(connection);
    for (let slot = 0; slot < slots; slot++) {
      connection.addTransceiver("audio", { direction: "recvonly" });
      connection.addTransceiver("video", { direction: "recvonly" });
    }
    for (const transceiver of connection.getTransceivers()) prefer(transceiver);
  }

  /** @param {RTCPeerConnection} connection */
  #offerDevices(connection) {
    const microphone = connection.addTransceiver(this.#tracks.audio ?? "audio", {
      direction: "sendonly",
      sendEncodings: [{ maxBitrate: 32_000, priority: "high", networkPriority: "high" }],
    });
    const camera = connection.addTransceiver(this.#tracks.video ?? "video", {
      direction: "sendonly",
      sendEncodings: [{ maxBitrate: 700_000, maxFramerate: 24, priority: "low", networkPriority: "low" }],
    });
    this.#senders = { audio: microphone.sender, video: camera.sender };
  }

  /** @param {AbortSignal} turn */
  async #untilLost(turn) {
    const connection = this.#connection;
    while (connection && connection.connectionState !== "failed" && connection.connectionState !== "closed") {
      await pause(WATCH_MS, turn);
      turn.throwIfAborted();
      const now = performance.now();
      this.#watch.read(await connection.getStats(), now);
      turn.throwIfAborted();
      if (this.#watch.dead(now)) return;
      if (this.#watch.steady(now)) this.#attempts = 0;
      this.#become(this.#watch.faltering(now) || connection.connectionState === "disconnected" ? "reconnecting" : "connected");
    }
  }
}

/** @param {RTCRtpTransceiver} transceiver */
function prefer(transceiver) {
  const kind = /** @type {Kind} */ (transceiver.receiver.track.kind);
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs.filter((codec) => CODECS[kind].includes(codec.mimeType.toLowerCase()));
  if (codecs?.length) transceiver.setCodecPreferences?.(codecs);
}

/**
 * A camera that gives more than asked is scaled down at the sender; a bad line takes from detail and motion alike.
 * @param {RTCRtpSender} sender
 * @param {MediaStreamTrack | null} track
 */
async function tune(sender, track) {
  const parameters = /** @type {RTCRtpSendParameters & {degradationPreference?: string}} */ (sender.getParameters());
  const encoding = parameters.encodings?.[0];
  if (!encoding || track?.kind !== "video") return;
  const height = track.getSettings().height ?? PICTURE_HEIGHT;
  encoding.scaleResolutionDownBy = Math.max(1, height / PICTURE_HEIGHT);
  parameters.degradationPreference = "balanced";
  await sender.setParameters(parameters).catch(() => undefined);
}

/** @param {RTCPeerConnection} connection */
async function describe(connection) {
  const offer = await connection.createOffer();
  // Browsers answer a NACK for Opus but do not ask for it by themselves (RFC 4585, 6.2.1).
  const sdp = (offer.sdp ?? "").replace(/a=rtpmap:(\d+) opus\/48000\/2\r\n/gi, "$&a=rtcp-fb:$1 nack\r\n");
  try {
    await connection.setLocalDescription({ type: "offer", sdp });
  } catch {
    await connection.setLocalDescription(offer);
  }
}

/** @param {RTCPeerConnection} connection */
async function gathered(connection) {
  const enough = new AbortController();
  connection.addEventListener("icegatheringstatechange", () => connection.iceGatheringState === "complete" && enough.abort());
  if (connection.iceGatheringState !== "complete") await pause(GATHER_MS, enough.signal);
}

/**
 * @param {Ticket} ticket
 * @param {string} sdp
 * @param {AbortSignal} turn
 * @returns {Promise<string>}
 */
async function post(ticket, sdp, turn) {
  const response = await unless(turn, fetch(ticket.url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ticket: ticket.ticket, sdp }),
    signal: AbortSignal.timeout(CONNECT_MS),
  }));
  if (!response.ok) throw new Error(`The media server answered ${response.status}.`);
  return (await response.json()).sdp;
}

/** @param {RTCPeerConnection} connection */
function connected(connection) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("No route to the media server.")), CONNECT_MS);
    const look = () => {
      if (connection.connectionState === "connected") resolve(undefined);
      else if (connection.connectionState !== "failed" && connection.connectionState !== "closed") return;
      else reject(new Error("The media connection failed."));
      clearTimeout(late);
      connection.removeEventListener("connectionstatechange", look);
    };
    connection.addEventListener("connectionstatechange", look);
    look();
  });
}

/**
 * Makes a stream hold these tracks, and touches it only where it differs, so that a playing picture does not flicker.
 * @param {MediaStream} stream
 * @param {MediaStreamTrack[]} tracks
 */
function exchange(stream, tracks) {
  for (const track of stream.getTracks()) if (!tracks.includes(track)) stream.removeTrack(track);
  for (const track of tracks) if (!stream.getTracks().includes(track)) stream.addTrack(track);
}

/**
 * Waits, or returns early when the signal comes.
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}

/**
 * The promise's result, unless the signal comes first.
 * @template T
 * @param {AbortSignal} signal
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
function unless(signal, promise) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
