import { isCopseError } from "@copse/primitives";
import { fuzz, seeded } from "@copse/testkit";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { readG1, readG2 } from "../src/bls-points.ts";
import { decodeChecks, encodeChecks } from "../src/check-wire.ts";
import type { BlsCurve } from "../src/engine.ts";
import { bls, type EngineParts, nobleEngine, secp256k1, useEngine, verifyBeacon } from "../src/index.ts";
import { loadPointReaders } from "../src/native.node.ts";
import { nobleBls } from "../src/noble-bls.ts";
import { wasmEngine } from "../src/wasm.ts";
import { loadWasmBls } from "../src/wasm-bls.ts";
import { infinityG1, infinityG2, outsideG1, outsideG2 } from "./odd-points.ts";
import { goodChecks } from "./sample-checks.ts";
import { incentinetKey, incentinetRounds, messageSignatures, quicknetKey, quicknetRounds } from "./vectors.ts";

const coded = (error: unknown): boolean => isCopseError(error, "crypto/");

describe("decoders of outside bytes", () => {
  fuzz(
    "checks on the wire",
    [encodeChecks(goodChecks(seeded(5)))],
    (bytes) => {
      const checks = decodeChecks(bytes);
      expect(decodeChecks(encodeChecks(checks))).toEqual(checks);
    },
    coded,
  );

  describe("points", () => {
    let wasm: BlsCurve;
    let native: BlsCurve;
    beforeAll(async () => {
      wasm = await loadWasmBls();
      native = await loadWasmBls(await loadPointReaders());
    });
    const { signature, privateKey } = messageSignatures[0] as (typeof messageSignatures)[0];
    const key = bls.publicKey(privateKey);
    const read = (curve: BlsCurve, bytes: Uint8Array): Uint8Array | undefined => {
      const g1 = readG1(curve, bytes);
      if (g1 !== undefined) return curve.g1.encode(g1);
      const g2 = readG2(curve, bytes);
      return g2 && curve.g2.encode(g2);
    };
    const seeds = [key, signature, infinityG1, infinityG2, outsideG1, outsideG2];
    fuzz(
      "noble, mcl and blst read the same ones",
      seeds,
      (bytes) => {
        const expected = read(nobleBls, bytes);
        expect(read(wasm, bytes)).toEqual(expected);
        expect(read(native, bytes)).toEqual(expected);
      },
      () => false,
    );
  });

  for (const [name, load] of [
    ["noble", async (): Promise<EngineParts> => nobleEngine],
    ["wasm", wasmEngine],
  ] as const) {
    describe(name, () => {
      beforeAll(async () => useEngine(await load()));
      afterAll(() => useEngine(nobleEngine));
      const { message, privateKey, signature } = messageSignatures[0] as (typeof messageSignatures)[0];
      const publicKey = bls.publicKey(privateKey);
      const never = (): boolean => false;

      fuzz(
        "BLS keys",
        [publicKey, infinityG1, outsideG1],
        (bytes) => {
          const same = bytes.length === 48 && bytes.every((byte, i) => byte === publicKey[i]);
          expect(bls.verify(signature, message, bytes)).toBe(same);
        },
        never,
      );

      fuzz(
        "BLS signatures",
        [signature, infinityG2, outsideG2],
        (bytes) => {
          const same = bytes.length === 96 && bytes.every((byte, i) => byte === signature[i]);
          expect(bls.verify(bytes, message, publicKey)).toBe(same);
          try {
            expect(bls.aggregate([bytes])).toEqual(bytes); // what is read is the one encoding of it
          } catch (error) {
            if (!coded(error)) throw error;
          }
        },
        never,
      );

      fuzz(
        "beacon signatures",
        [...incentinetRounds, ...quicknetRounds].map((entry) => entry.signature),
        (bytes) => {
          const [first, second] = incentinetRounds as [
            { round: number; signature: Uint8Array },
            { round: number; signature: Uint8Array },
          ];
          verifyBeacon(
            { scheme: "chained", publicKey: incentinetKey },
            { ...second, signature: bytes },
            first.signature,
          );
          verifyBeacon({ scheme: "unchained", publicKey: quicknetKey }, { round: 1, signature: bytes });
          verifyBeacon(
            { scheme: "unchained", publicKey: bytes },
            quicknetRounds[0] as { round: number; signature: Uint8Array },
          );
        },
        never,
      );

      const digest = new Uint8Array(32).fill(9);
      const made = secp256k1.sign(digest, digest);
      fuzz(
        "secp256k1 signatures",
        [made, new Uint8Array(65), new Uint8Array(65).fill(255)],
        (bytes) => {
          const found = secp256k1.recoverOrNothing(digest, bytes);
          expect(found === undefined || (found.length === 65 && found[0] === 4)).toBe(true);
        },
        never,
      );
    });
  }
});
