// Long chains without signatures, for what stores and streams do with certificates: a thousand take milliseconds.
import { cidOf } from "@copse/ipld";
import { concatBytes, encodeUvarint, utf8 } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { encodeCertificate } from "../src/certificate.ts";
import { diffPowerTables } from "../src/power-delta.ts";
import { createPowerTable } from "../src/power-table.ts";
import { encodeSigners } from "../src/signers.ts";
import { encodeSnapshotHeader } from "../src/snapshot/header.ts";
import type { RootManifest } from "../src/snapshot/index.ts";
import type { CertificateCheck } from "../src/store/index.ts";
import type { F3Tipset, FinalityCertificate, PowerTable } from "../src/types.ts";
import { settle, takeSteps } from "../src/verify.ts";

const zeros = new Uint8Array(32);
const lookback = 10;
const members = 4;

/** A chain and all that belongs to it. */
export interface UnsignedChain {
  readonly manifest: RootManifest;
  readonly certificates: readonly FinalityCertificate[];
  readonly bytes: readonly Uint8Array[];
  /** The table that validates an instance, counted from the first one. */
  readonly tables: readonly PowerTable[];
}

/** How one differs from another. */
export interface ChainOptions {
  readonly network?: string;
  readonly first?: number;
  /** From this instance on it decides otherwise than the chain without it. */
  readonly forkAt?: number;
  /** From this instance on only the signature's bytes differ. */
  readonly resignAt?: number;
}

/** Makes a chain; the same options give the same one, a longer one begins like a shorter one. */
export function unsignedChain(length: number, options: ChainOptions = {}): UnsignedChain {
  const { network = "made", first = 0, forkAt = Number.POSITIVE_INFINITY, resignAt = forkAt } = options;
  const table = (step: number): PowerTable =>
    createPowerTable(
      Array.from({ length: members }, (_, at) => ({
        id: BigInt(1000 + at),
        power: BigInt(100_000 + (at === step % members ? 7 * step : at)),
        publicKey: new Uint8Array(48).fill(at + 1),
      })),
    );
  const initial = table(0);
  const tables = Array.from({ length: lookback }, () => initial);
  for (let at = 0; at < length; at++) tables.push(table(at + 1));
  const tipset = (epoch: number, instance: number, due: PowerTable): F3Tipset => {
    const cid = cidOf(utf8(`${epoch}${instance >= forkAt ? " of another fork" : ""}`));
    return { epoch, key: concatBytes(cid) as TipsetKey, powerTable: due.cid, commitments: zeros };
  };
  let head = tipset(2 * first, first - 1, initial);
  const certificates: FinalityCertificate[] = [];
  for (let at = 0; at < length; at++) {
    const instance = first + at;
    const chain = [head, tipset(2 * instance + 2, instance, tables[at + lookback] as PowerTable)];
    head = chain[1] as F3Tipset;
    const [powerTable, next] = [tables[at] as PowerTable, tables[at + 1] as PowerTable];
    certificates.push({
      instance,
      chain,
      supplementalData: { commitments: zeros, powerTable: next.cid },
      signers: encodeSigners([0, 1, 2]),
      signature: new Uint8Array(96).fill(instance >= resignAt ? 2 : 1),
      powerTableDelta: diffPowerTables(powerTable, next),
    });
  }
  const manifest = {
    networkName: network,
    initialInstance: first,
    initialPowerTable: initial.cid,
    committeeLookback: lookback,
  };
  return { manifest, certificates, bytes: certificates.map(encodeCertificate), tables: tables.slice(0, length + 1) };
}

/** Checks all but signatures; one whose first byte is 0 is told to be wrong. Counts what it was asked for. */
export function formCheck(): CertificateCheck & { readonly seen: number[] } {
  const seen: number[] = [];
  return {
    seen,
    verify(position, certificates, { networkName }) {
      seen.push(...certificates.map(({ instance }) => instance));
      const bad = certificates.findIndex(({ signature }) => signature[0] === 0);
      const steps = takeSteps(position, certificates, { networkName, lookback: true });
      return settle(
        position,
        steps,
        bad === -1 || bad >= steps.steps.length ? undefined : { index: bad, why: "signature-wrong" },
      );
    },
  };
}

/** The chain's snapshot, up to some instance; `change` may replace what stands for one. */
export function snapshotOf(
  { manifest, bytes, tables }: UnsignedChain,
  latest: number = manifest.initialInstance + bytes.length - 1,
  change: (bytes: Uint8Array, instance: number) => Uint8Array = (same) => same,
): Uint8Array {
  const { initialInstance: firstInstance } = manifest;
  const { entries } = tables[0] as PowerTable;
  const blocks = [
    encodeSnapshotHeader({ version: 1, firstInstance, latestInstance: latest, initialPowerTable: entries }),
    ...bytes.slice(0, latest - firstInstance + 1).map((block, at) => change(block, firstInstance + at)),
  ];
  return concatBytes(...blocks.flatMap((block) => [encodeUvarint(block.length), block]));
}

/** A snapshot's bytes in pieces of any length. */
export function* inPieces(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
