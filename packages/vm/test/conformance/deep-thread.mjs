// Tells how deep calls between JavaScript and WebAssembly go on this thread.
import { parentPort } from "node:worker_threads";

// (module (import "m" "f" (func)) (func (export "g") call 0))
const bytes = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 109, 1, 102, 0, 0],
  ...[3, 2, 1, 0, 7, 5, 1, 1, 103, 0, 1, 10, 6, 1, 4, 0, 16, 0, 11],
];
let depth = 0;
const imports = {
  m: {
    f() {
      depth++;
      instance.exports.g();
    },
  },
};
const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), imports);
try {
  instance.exports.g();
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
}
parentPort.postMessage(depth);
