import { beaconMessage, blake2b256, bls, currentEngine } from "@copse/crypto";
import { concatBytes } from "@copse/primitives";
import type { DrandChain } from "@copse/types/networks";
import type { Seeded } from "./seeded.ts";

/**
 * A private BLS key of 24 bits, 32 B little-endian. A minted chain has no secrets, and multiplying by a short number is
 * several times cheaper.
 */
export function shortBlsKey(seeded: Seeded, label: string, number: number): Uint8Array {
  const key = new Uint8Array(32);
  key.set(seeded.bytes(label, number).subarray(0, 3));
  key[0] = (key[0] as number) | 1; // never zero
  return key;
}

/** How a chain is signed: really, or by filler of the right size where only links matter. */
export interface Signer {
  /** 96 B. */
  bls(message: Uint8Array, privateKey: Uint8Array): Uint8Array;
  /** 48 B: a round of the chain's own beacon. */
  beacon(round: number): Uint8Array;
  /** 96 B. */
  aggregate(signatures: readonly Uint8Array[]): Uint8Array;
}

const infinity: Uint8Array = Uint8Array.of(0xc0, ...new Array<number>(95).fill(0));
const beaconTag = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/** Signs with the engine in use. */
export function realSigner(beaconKey: Uint8Array): Signer {
  return {
    bls: (message, privateKey) => bls.sign(message, privateKey),
    beacon: (round) => {
      const { g1 } = currentEngine().bls;
      return g1.encode(g1.multiply(g1.hash(beaconMessage("unchained", round), beaconTag), beaconKey));
    },
    aggregate: ([first, ...more]) =>
      first === undefined ? infinity : more.length === 0 ? first : bls.aggregate([first, ...more]),
  };
}

/** Filler that a hash decides: distinct and of the right size, and signed by nobody. */
export function noSigner(): Signer {
  const fill = (message: Uint8Array, size: number): Uint8Array => {
    const first = blake2b256(message);
    return size === 48 ? concatBytes(first, first.subarray(0, 16)) : concatBytes(first, first, first);
  };
  return {
    bls: (message) => fill(message, 96),
    beacon: (round) => fill(beaconMessage("unchained", round), 48),
    aggregate: () => infinity,
  };
}

/** The public half of a beacon key, and the timing of its rounds. */
export function beaconOf(beaconKey: Uint8Array, genesisTime: number): DrandChain {
  const { g2 } = currentEngine().bls;
  const publicKey = g2.encode(g2.multiply(g2.generator, beaconKey));
  return { name: "minted", hash: "", scheme: "unchained", publicKey, period: 3, genesisTime };
}
