// A chain like mainnet's in size: 1,500 members, of whom nine in ten sign, and tables that change with every certificate.
import { bls } from "@copse/crypto";
import { cidOf } from "@copse/ipld";
import { concatBytes, utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import type { TipsetKey } from "@copse/types";
import { createPowerTable, diffPowerTables, scaledPowers, signingPayload, trustRoot } from "../src/index.ts";
import { committeeOf, type KeyList } from "../src/power-table.ts";
import { signTogether } from "../src/sign.ts";
import { encodeSigners } from "../src/signers.ts";
import type { F3Position, F3Tipset, FinalityCertificate, PowerEntry, PowerTable } from "../src/types.ts";

export const networkName = "bench";

export interface LargeChain {
  readonly start: F3Position;
  readonly certificates: readonly FinalityCertificate[];
}

/** How tables change from one certificate to the next. */
export type Changes = "none" | "powers" | "order";

/**
 * Makes a chain; the same at every run. `powers`: twenty members gain a little, the order stays. `order`: they gain or lose
 * more, so that some change places, and now and then one leaves or joins.
 */
export function largeChain(length: number, changes: Changes, members = 1500): LargeChain {
  const random = seeded(5);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const privateKeys = new Map<bigint, Uint8Array>();
  const entries = new Map<bigint, PowerEntry>();
  const join = (id: bigint, power: bigint): void => {
    const privateKey = new Uint8Array(32);
    new DataView(privateKey.buffer).setBigUint64(8, id, true);
    for (let i = 0; i < 8; i++) privateKey[i] = pick(256);
    privateKeys.set(id, privateKey);
    entries.set(id, { id, power: power << 30n, publicKey: bls.publicKey(privateKey) });
  };
  // like mainnet: few have much, most have little, the last are lost by scaling
  for (let i = 0; i < members; i++) join(BigInt(1000 + i), BigInt(Math.floor(8e7 * 0.996 ** i)) + 100n);
  const initial = createPowerTable([...entries.values()]);
  const tables: PowerTable[] = Array.from({ length: 10 }, () => initial);
  let head = tipset(1000, initial);
  const certificates: FinalityCertificate[] = [];
  for (let instance = 0; instance < length; instance++) {
    change(entries, changes, pick, join);
    const later = changes === "none" ? initial : createPowerTable([...entries.values()]);
    tables.push(later);
    const chain = [head];
    for (let i = 0; i < 2 + pick(4); i++) chain.push(tipset((chain[i] as F3Tipset).epoch + 1, later));
    head = chain[chain.length - 1] as F3Tipset;
    const table = tables[instance] as PowerTable;
    const nextTable = tables[instance + 1] as PowerTable;
    const { powers } = scaledPowers(table);
    const signers = table.entries.flatMap(({ id }, index) =>
      powers[index] === 0 || (index > 20 && random() < 0.1)
        ? []
        : [{ index, privateKey: privateKeys.get(id) as Uint8Array }],
    );
    const supplementalData = { commitments: new Uint8Array(32), powerTable: nextTable.cid };
    const message = signingPayload(networkName, { instance, supplementalData, chain });
    certificates.push({
      instance,
      chain,
      supplementalData,
      signers: encodeSigners(signers.map(({ index }) => index)),
      signature: signTogether(committeeOf(table).keys() as KeyList, signers, message),
      powerTableDelta: diffPowerTables(table, nextTable),
    });
  }
  const rules = { networkName, initialInstance: 0, initialPowerTable: initial.cid, committeeLookback: 10 };
  return { start: trustRoot(rules, initial), certificates };
}

function change(
  entries: Map<bigint, PowerEntry>,
  changes: Changes,
  pick: (limit: number) => number,
  join: (id: bigint, power: bigint) => void,
): void {
  if (changes === "none") return;
  const ids = [...entries.keys()];
  for (let i = 0; i < 20; i++) {
    const id = ids[pick(ids.length)] as bigint;
    const old = entries.get(id) as PowerEntry;
    const gain = changes === "powers" ? 1n : (old.power * BigInt(pick(40) - 20)) / 1000n;
    entries.set(id, { ...old, power: old.power + gain });
  }
  if (changes === "powers" || pick(10) > 0) return;
  entries.delete(ids[pick(ids.length)] as bigint);
  join(BigInt(10_000 + pick(1e6)), BigInt(pick(1000) + 1));
}

function tipset(epoch: number, powerTable: PowerTable): F3Tipset {
  const cids = Array.from({ length: 5 }, (_, i) => cidOf(utf8(`bench-${epoch}-${i}`)));
  return { epoch, key: concatBytes(...cids) as TipsetKey, powerTable: powerTable.cid, commitments: new Uint8Array(32) };
}
