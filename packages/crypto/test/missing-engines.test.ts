import { isCopseError } from "@copse/primitives";
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
    expect(engineNames().blake2b).toBe("noble");
    expect(blake2b256(new Uint8Array(3)).length).toBe(32);
  });

  it("wasmEngine says so", async () => {
    await expect(wasmEngine()).rejects.toSatisfy(
      (error) => isCopseError(error) && error.code === "crypto/engine-missing",
    );
  });
});
