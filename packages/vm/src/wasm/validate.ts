// The one thing of WebAssembly that is needed here. The types of Node.js do not declare it.
const { validate } = (globalThis as unknown as { WebAssembly: { validate(bytes: Uint8Array): boolean } }).WebAssembly;

/** Whether V8 takes a module: structure and types. */
export function validateWasm(bytes: Uint8Array): boolean {
  return validate(bytes);
}
