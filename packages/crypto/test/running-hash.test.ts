import { toHex } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  blake2b,
  createBlake2b,
  createKeccak256,
  createSha256,
  isBlake2b256,
  keccak256,
  sha256,
} from "../src/index.ts";

const random = seeded(21);
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(random() * 256));
const below = (limit: number): number => Math.floor(random() * limit);

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** Parts of random sizes, empty ones among them. */
function* parts(message: Uint8Array, largest: number): Generator<Uint8Array> {
  for (let at = 0; at < message.length; ) {
    const length = random() < 0.1 ? 0 : below(largest) + 1;
    yield message.subarray(at, at + length);
    at += length;
  }
}

const kinds = {
  "blake2b-256": [() => createBlake2b(), (message: Uint8Array) => blake2b(message, 32)],
  "blake2b-512": [() => createBlake2b(64), (message: Uint8Array) => blake2b(message, 64)],
  "blake2b-8": [() => createBlake2b(1), (message: Uint8Array) => blake2b(message, 1)],
  "SHA2-256": [createSha256, sha256],
  "Keccak-256": [createKeccak256, keccak256],
} as const;

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])("%s in parts", (kind) => {
  const [create, whole] = kinds[kind];

  it("is that of the whole, whatever the parts", () => {
    const lengths = [0, 1, 63, 64, 65, 127, 128, 129, 255, 256, 257, 65_535, 65_536, 65_537, 65_664, 200_000];
    for (const length of [...lengths, ...Array.from({ length: 60 }, () => below(3000))]) {
      const message = bytes(length);
      for (const largest of [40, 128, 700, 70_000, 300_000]) {
        const hash = create();
        for (const part of parts(message, largest)) hash.update(part);
        expect(toHex(hash.digest())).toBe(toHex(whole(message)));
      }
    }
  });

  it("may be asked in between, and others may run beside it", () => {
    const messages = Array.from({ length: 5 }, () => bytes(below(5000)));
    const running = messages.map((message) => ({ message, hash: create(), at: 0 }));
    while (running.some(({ at, message }) => at < message.length)) {
      for (const one of running) {
        const next = one.at + below(400);
        one.hash.update(one.message.subarray(one.at, next));
        one.at = Math.min(next, one.message.length);
        if (random() < 0.2) expect(one.hash.digest()).toEqual(whole(one.message.subarray(0, one.at)));
      }
      whole(bytes(200));
    }
    for (const { hash, message } of running) {
      expect(hash.digest()).toEqual(whole(message));
      expect(hash.digest()).toEqual(whole(message));
    }
  });

  it("does not hold on to what it was given", () => {
    const part = bytes(100);
    const copy = Uint8Array.from(part);
    const hash = create();
    hash.update(part);
    part.fill(0);
    hash.update(part);
    expect(hash.digest()).toEqual(whole(Uint8Array.of(...copy, ...part)));
  });
});

describe("where no Wasm may be compiled", () => {
  it("runs by noble, with the same digests", async () => {
    const message = bytes(1000);
    const [of20, of32, ofSha] = [blake2b(message, 20), blake2b(message), sha256(message)];
    vi.resetModules();
    vi.stubGlobal("WebAssembly", undefined);
    const without = await import("../src/index.ts");
    expect(without.engineNames().blake2b).toBe("noble");
    for (const [hash, digest] of [
      [without.createBlake2b(20), of20],
      [without.createSha256(), ofSha],
    ] as const) {
      hash.update(message.subarray(0, 300));
      hash.digest();
      hash.update(message.subarray(300));
      expect(hash.digest()).toEqual(digest);
    }
    expect(without.isBlake2b256(message, of32)).toBe(true);
  });
});

it("blake2b in parts refuses sizes there are none of", () => {
  for (const size of [0, 65, 1.5, Number.NaN]) {
    expect(() => createBlake2b(size)).toThrow(expect.objectContaining({ code: "crypto/hash-size-out-of-range" }));
  }
});

it("a digest that is cut, or outside what should hold it, is no digest", () => {
  const message = bytes(10);
  const digest = blake2b(message);
  expect(isBlake2b256(message, digest)).toBe(true);
  expect(isBlake2b256(message, digest.subarray(0, 31))).toBe(false);
  for (const at of [1, -1, -32, Number.NaN]) expect(isBlake2b256(message, digest, at)).toBe(false);
});
