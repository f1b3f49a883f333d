// Certificates made here: tables that change in every way, chains of several lengths, the rule of production for tables.
import { bls, currentEngine } from "@copse/crypto";
import { cidOf } from "@copse/ipld";
import { concatBytes, utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import type { TipsetKey } from "@copse/types";
import { makeCertificate } from "../src/make.ts";
import { diffPowerTables } from "../src/power-delta.ts";
import { createPowerTable, scaledPowers } from "../src/power-table.ts";
import { encodeSigners } from "../src/signers.ts";
import { trustRoot } from "../src/trust-root.ts";
import type { F3Position, F3Tipset, FinalityCertificate, PowerEntry, PowerTable } from "../src/types.ts";

export const networkName = "local";
const lookback = 10;

export interface LocalChain {
  readonly networkName: string;
  readonly start: F3Position;
  readonly certificates: readonly FinalityCertificate[];
  /** The table that validates each certificate, and the one after them. */
  readonly tables: readonly PowerTable[];
}

const keys = new Map<number, { privateKey: Uint8Array; publicKey: Uint8Array }>();
export function keyPair(number: number): { privateKey: Uint8Array; publicKey: Uint8Array } {
  let pair = keys.get(number);
  if (pair === undefined) {
    const privateKey = new Uint8Array(32).fill(number + 1, 0, 30);
    pair = { privateKey, publicKey: bls.publicKey(privateKey) };
    keys.set(number, pair);
  }
  return pair;
}

/** A chain of certificates by members whose keys are at hand; the same at every run. */
export function localChain(length: number, { members = 7, seed = 1 } = {}): LocalChain {
  const random = seeded(seed);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const owner = new Map<bigint, number>();
  const entries = new Map<bigint, PowerEntry>();
  const put = (id: bigint, power: bigint, key: number): void => {
    owner.set(id, key);
    entries.set(id, { id, power, publicKey: keyPair(key).publicKey });
  };
  for (let i = 0; i < members; i++) put(BigInt(1000 + i), BigInt(1000 - i), i % (members - 1)); // two have one key
  const snapshots: { table: PowerTable; owner: Map<bigint, number> }[] = [];
  const snapshot = (): { table: PowerTable; owner: Map<bigint, number> } => ({
    table: createPowerTable([...entries.values()]),
    owner: new Map(owner),
  });
  const initial = snapshot();
  for (let i = 0; i < lookback; i++) snapshots.push(initial);

  let head = tipset(100, 1, initial.table);
  const certificates: FinalityCertificate[] = [];
  for (let instance = 0; instance < length; instance++) {
    const id = BigInt(1000 + pick(members + 3));
    const old = entries.get(id);
    if (old === undefined) put(id, BigInt(900 + pick(100)), pick(9));
    else if (random() < 0.2 && entries.size > members - 2) entries.delete(id);
    else put(id, old.power + BigInt(pick(50) - 20), random() < 0.2 ? pick(9) : (owner.get(id) as number));
    const later = snapshot();
    snapshots.push(later);

    const chain = [head];
    for (let more = pick(4); more > 0; more--) {
      const { epoch } = chain[chain.length - 1] as F3Tipset;
      chain.push(tipset(epoch + 1 + pick(2), 1 + pick(5), later.table));
    }
    // a chain of its base alone names the table that its base named before
    if (chain.length === 1) snapshots[snapshots.length - 1] = snapshots[snapshots.length - 2] as typeof later;
    head = chain[chain.length - 1] as F3Tipset;
    const { table, owner: owners } = snapshots[instance] as typeof later;
    const { powers } = scaledPowers(table);
    const signers = table.entries.flatMap((entry, index) =>
      (powers[index] as number) === 0 || (index > 0 && index === table.entries.length - 1 && random() < 0.5)
        ? []
        : [{ index, privateKey: keyPair(owners.get(entry.id) as number).privateKey }],
    );
    const nextPowerTable = (snapshots[instance + 1] as typeof later).table;
    certificates.push(makeCertificate({ networkName, instance, chain, powerTable: table, nextPowerTable, signers }));
  }
  const manifest = {
    networkName,
    initialInstance: 0,
    initialPowerTable: initial.table.cid,
    committeeLookback: lookback,
  };
  return {
    networkName,
    start: trustRoot(manifest, initial.table),
    certificates,
    tables: snapshots.slice(0, length + 1).map(({ table }) => table),
  };
}

export function tipset(epoch: number, blocks: number, powerTable: PowerTable): F3Tipset {
  const cids = Array.from({ length: blocks }, (_, i) => cidOf(utf8(`local-${epoch}-${i}`)));
  return { epoch, key: concatBytes(...cids) as TipsetKey, powerTable: powerTable.cid, commitments: new Uint8Array(32) };
}

/**
 * Certificates that hold but for their signatures, from a chain's start on. Each replaces the whole table by members whose
 * keys nobody has seen.
 */
export function forgedTables({ start }: LocalChain, length: number, members: number): FinalityCertificate[] {
  const { g1 } = currentEngine().bls;
  let point = g1.generator;
  const freshKey = (): Uint8Array => {
    point = g1.sum([point, g1.generator]);
    return g1.encode(point);
  };
  let { powerTable } = start;
  const base = tipset(100, 1, powerTable);
  return Array.from({ length }, (_, instance) => {
    const entries = Array.from({ length: members }, (_, i) => ({ id: BigInt(i), power: 10n, publicKey: freshKey() }));
    const next = createPowerTable(entries);
    const forged = withWrongSignature({
      instance,
      chain: [base],
      supplementalData: { commitments: new Uint8Array(32), powerTable: next.cid },
      signers: encodeSigners(powerTable.entries.keys()),
      signature: new Uint8Array(96),
      powerTableDelta: diffPowerTables(powerTable, next),
    });
    powerTable = next;
    return forged;
  });
}

/** The signature of someone over something: a point as it should be, but not this certificate's. */
export function withWrongSignature(certificate: FinalityCertificate): FinalityCertificate {
  return { ...certificate, signature: bls.sign(Uint8Array.of(1), keyPair(0).privateKey) };
}
