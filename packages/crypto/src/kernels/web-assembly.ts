/** The little of WebAssembly that kernels need. The types of Node.js do not declare it. */
interface WebAssemblyHost {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}

/** The exports of a module that imports nothing. @throws what the host throws where no Wasm may be compiled */
export function instanceOf(bytes: Uint8Array): object {
  const host = (globalThis as unknown as { WebAssembly: WebAssemblyHost }).WebAssembly;
  return new host.Instance(new host.Module(bytes)).exports;
}
