/** Why camera and microphone would not open, in words that help: told apart by what the browser has. */

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.MediaStream = /** @type {any} */ (class {});
globalThis.document ??= /** @type {any} */ ({ getElementById: () => null, documentElement: { lang: "en" } });
Object.defineProperty(globalThis, "navigator", { configurable: true, value: { userAgent: "" } });
const { openMedia } = await import("../../web/static/js/media-devices.js");

test("a mail program's own browser without a camera is told from a page that is not secure", async () => {
  globalThis.isSecureContext = true;
  const small = await openMedia();
  assert.equal(small.camera?.code, "unsupported");
  assert.match(small.camera?.steps.join(" ") ?? "", /copy the whole link/);
  globalThis.isSecureContext = false;
  const open = await openMedia();
  assert.equal(open.camera?.code, "insecure");
  assert.match(open.camera?.steps.join(" ") ?? "", /https/);
});
