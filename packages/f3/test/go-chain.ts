import { readFileSync } from "node:fs";
import { fromHex, readUvarint } from "@copse/primitives";
import type { F3Manifest } from "@copse/types/networks";
import { createPowerTable, decodePowerEntries, type F3Position, parseManifest, trustRoot } from "../src/index.ts";

/** A row of go-chain.json: what go-f3 computes for one certificate. */
export interface GoRow {
  readonly instance: number;
  readonly bytes: number;
  readonly tipsets: number;
  readonly headEpoch: number;
  readonly chainKey: string;
  readonly payloadSha256: string;
  readonly members: number;
  readonly powerTable: string;
  readonly nextPowerTable: string;
  readonly scaledTotal: number;
  readonly signersPower: number;
  readonly signers: number;
  readonly coefficientsSha256: string;
  readonly firstCoefficient: string;
  readonly aggregateKey: string;
  readonly deltas: number;
}

/** go-chain.json. */
export interface GoFacts {
  readonly network: string;
  readonly cid: string;
  readonly initialPowerTable: string;
  readonly finalized: number;
  readonly certificates: readonly GoRow[];
}

export function vector(name: string): Uint8Array {
  return readFileSync(new URL(`./vectors/${name}`, import.meta.url));
}

export function jsonVector<T>(name: string): T {
  return JSON.parse(Buffer.from(vector(name)).toString()) as T;
}

/** The chain that go-f3 made: its manifest, the position it starts at, the bytes of its certificates. */
export interface GoChain {
  readonly manifest: F3Manifest;
  readonly start: F3Position;
  readonly certificates: readonly Uint8Array[];
}

/** Cuts an F3 snapshot without the code under test. */
export function cutSnapshot(bytes: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = readUvarint(bytes, at);
    at = end + Number(value);
    blocks.push(bytes.subarray(end, at));
  }
  return blocks;
}

export function readGoChain(): GoChain {
  const manifest = parseManifest(Buffer.from(vector("go-chain.manifest.json")).toString());
  const [header, ...certificates] = cutSnapshot(vector("go-chain.f3snap"));
  // array(4), version 1, first 0, latest 63 in two bytes
  const expected = fromHex("840100183f");
  if (header === undefined || !expected.every((byte, i) => header[i] === byte)) throw new Error("not the vector");
  const start = trustRoot(manifest, createPowerTable(decodePowerEntries(header.subarray(expected.length))));
  return { manifest, start, certificates };
}

/** Weights must not be foreseen by who makes certificates; here they only have to differ. */
export function counting(): (length: number) => Uint8Array {
  let count = 1;
  return (length) =>
    Uint8Array.from({ length }, () => {
      count = (count * 48271) % 2147483647;
      return count >>> 8;
    });
}
