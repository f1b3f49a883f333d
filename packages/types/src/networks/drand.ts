import type { BeaconScheme } from "@copse/crypto";
import { fromHex } from "@copse/primitives";

/** A chain of drand: the randomness beacon whose rounds headers carry. */
export interface DrandChain {
  readonly name: string;
  /** Hex: its name on drand's own servers. */
  readonly hash: string;
  /** Chained: each round signs the one before too. */
  readonly scheme: BeaconScheme;
  /** 48 B (chained: a point of G1), 96 B (unchained: of G2). */
  readonly publicKey: Uint8Array;
  /** Unit: seconds a round. */
  readonly period: number;
  /** Time of its first round. Unit: seconds since 1970. */
  readonly genesisTime: number;
}

/** From which epoch on (that one included) headers carry a beacon's rounds. */
export interface DrandPoint {
  readonly start: number;
  readonly beacon: DrandChain;
}

/** The first beacon of mainnet. @see lotus:build/buildconstants/drand.go */
export const incentinet: DrandChain = {
  name: "incentinet",
  hash: "80c8b872c714f4c00fdd3daa465d5514049f457f01f85a4caf68cdcd394ba039",
  scheme: "chained",
  publicKey: /* @__PURE__ */ fromHex(
    "8cad0c72c606ab27d36ee06de1d5b2db1faf92e447025ca37575ab3a8aac2eaae83192f846fc9e158bc738423753d000",
  ),
  period: 30,
  genesisTime: 1595873820,
};

/** drand's League of Entropy main chain. */
export const drandMainnet: DrandChain = {
  name: "mainnet",
  hash: "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",
  scheme: "chained",
  publicKey: /* @__PURE__ */ fromHex(
    "868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31",
  ),
  period: 30,
  genesisTime: 1595431050,
};

/** Unchained, a round every three seconds: the beacon of every network since FIP-0063. */
export const quicknet: DrandChain = {
  name: "quicknet",
  hash: "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
  scheme: "unchained",
  publicKey: /* @__PURE__ */ fromHex(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
  ),
  period: 3,
  genesisTime: 1692803367,
};
