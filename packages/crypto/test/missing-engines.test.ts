import { afterEach, describe, expect, it, vi } from "vitest";
import { installFastest } from "../src/fastest.ts";
import { blake2b256, engineNames, nobleEngine, useEngine } from "../src/index.ts";
import { wasmEngine } from "../src/wasm.ts";

vi.mock("mcl-wasm", () => {
  throw new Error("not installed");
});
vi.mock("ox/wasm/Secp256k1", () => {
  throw new Error("not installed");
});
vi.mock("hash-wasm", () => {
  throw new Error("not installed");
});

describe("where the optional packages are not installed", () => {
  afterEach(() => useEngine(nobleEngine));

  it("noble goes on", async () => {
    const names = await installFastest();
    expect(names).toContain("bls: noble");
    expect(engineNames()).toMatchObject({ blake2b: "wasm", secp256k1: "native" });
    expect(blake2b256(new Uint8Array(3)).length).toBe(32);
  });

  it("wasmEngine is what needs no package", async () => {
    expect(Object.keys(await wasmEngine()).sort()).toEqual(["blake2b", "name", "sha256"]);
  });

  it("wasmEngine says so where no Wasm may be compiled", async () => {
    vi.resetModules();
    vi.stubGlobal("WebAssembly", undefined);
    try {
      const fresh = await import("../src/wasm.ts");
      await expect(fresh.wasmEngine()).rejects.toMatchObject({ code: "crypto/engine-missing" });
      const { blake2b256: hash, engineNames: names } = await import("../src/index.ts");
      expect(names().blake2b).toBe("noble");
      expect(hash(new Uint8Array(3))).toEqual(blake2b256(new Uint8Array(3)));
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
