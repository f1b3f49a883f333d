import { CborWriter, type CidBytes, cidOf, makeCid } from "@copse/ipld";
import { Address } from "@copse/types";
import type { FvmVersion } from "../../src/fvm-version.ts";
import { syscalls } from "../../src/syscalls/table.ts";
import { actor, answers, call } from "./compile.ts";

/** Gives numbers below a limit. */
export type Random = (limit: number) => number;

/** Something in memory that a pointer may point to, with its length. */
interface Entry {
  readonly at: number;
  readonly length: number;
}

/** Blocks that the state has, besides what actors make. */
export const leaf: Uint8Array = Uint8Array.of(0x82, 1, 2);
export const linked: Uint8Array = new CborWriter().array(2).link(cidOf(leaf)).uint(7).finish();

const results = 2048;
const resultSize = 96;
const tables = 8192;
const memorySize = 2 * 65_536;

const identity: CidBytes = Uint8Array.of(1, 0x71, 0, 43, ...new CborWriter().link(cidOf(leaf)).finish());
const commitment: CidBytes = Uint8Array.of(1, 0x81, 0xe2, 3, 0x92, 0x20, 0x20, ...new Uint8Array(32).fill(3));

const addresses: readonly Uint8Array[] = [
  Address.id(99),
  Address.id(100),
  Address.id(2),
  Address.id(9999),
  Address.fromSecp256k1(new Uint8Array(65).fill(4)),
  Address.fromSecp256k1(new Uint8Array(65).fill(5)),
  Address.fromBls(new Uint8Array(48).fill(6)),
  Address.fromBls(Uint8Array.of(0xc0, ...new Uint8Array(47))),
  Address.delegated(10, new Uint8Array(20).fill(7)),
  Address.delegated(11, new Uint8Array(20).fill(7)),
  Address.actor(Uint8Array.of(8)),
  Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
  Uint8Array.of(7, 7, 7),
];
const blobs: readonly Uint8Array[] = [
  Uint8Array.of(0x80),
  leaf,
  linked,
  new CborWriter().array(2).link(commitment).link(identity).finish(),
  new CborWriter().link(makeCid(leaf, { hash: 0x12 })).finish(),
  Uint8Array.of(0x82, 1),
  Uint8Array.of(0xa1, 0x61, 0x61, 0xf6),
  new CborWriter().array(1).array(2).uint(1024).link(commitment).finish(),
  new CborWriter().array(1).array(4).uint(3).text("key").uint(0x55).bytes(Uint8Array.of(1, 2)).finish(),
  new TextEncoder().encode("plain text é"),
  Uint8Array.of(0xff, 0xfe),
  new Uint8Array(65).fill(1),
  new Uint8Array(700).fill(0x55),
];

/** What a random actor's memory holds, and where. */
function tableOf(cids: readonly CidBytes[]): {
  data: Record<number, Uint8Array>;
  entries: readonly (readonly Entry[])[];
} {
  const data: Record<number, Uint8Array> = {};
  let at = tables;
  const place = (bytes: Uint8Array): Entry => {
    data[at] = bytes;
    const entry = { at, length: bytes.length };
    at += bytes.length + 16;
    return entry;
  };
  return { data, entries: [addresses.map(place), cids.map(place), blobs.map(place)] };
}

/** Syscalls that end all, and so come seldom. */
const seldom = new Set(["vm.exit", "vm.abort", "self.self_destruct"]);
/** Those that vectors cannot tell: what they ask is not in them. */
const never = new Set(["debug.log", "debug.store_artifact"]);

/** An actor that makes random syscalls one after another, and returns their error numbers and what they wrote. */
export function randomActor(
  fvm: FvmVersion,
  random: Random,
  options: { readonly calls: number; readonly sendsTo: readonly bigint[]; readonly cids: readonly CidBytes[] },
): Uint8Array {
  const { data, entries } = tableOf([
    cidOf(leaf),
    cidOf(linked),
    identity,
    commitment,
    Uint8Array.of(1, 2),
    ...options.cids,
  ]);
  const rows = syscalls.filter((row) => row.fvm.includes(fvm) && !never.has(`${row.module}.${row.name}`));
  const sendTargets = options.sendsTo.map((id) => Address.id(id));
  let sendAt = 60_000;
  const sendEntries = sendTargets.map((address) => {
    const entry = { at: sendAt, length: address.length };
    data[sendAt] = address;
    sendAt += 16;
    return entry;
  });
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const texts: string[] = [];
  for (let index = 0; index < options.calls; index++) {
    let row = pick(rows);
    while (seldom.has(`${row.module}.${row.name}`) && random(12) > 0) row = pick(rows);
    const name = `${row.module}.${row.name}`;
    const args: (number | bigint)[] = [];
    if (row.returns.size > 0) args.push(random(40) === 0 ? memorySize - random(30) : results + index * resultSize);
    let last: Entry | undefined;
    for (const [at, param] of row.paramNames.entries()) {
      const type = row.params[at] as "i32" | "i64";
      const pointer = param.endsWith("_off");
      if (pointer) {
        const table =
          param.includes("cid") && !row.paramNames.includes("cid_max_len")
            ? 1
            : param.includes("addr") || param.includes("recipient")
              ? 0
              : random(3);
        last =
          name === "send.send" && random(4) > 0 && sendEntries.length > 0
            ? pick(sendEntries)
            : pick(entries[random(10) === 0 ? random(3) : table] as readonly Entry[]);
        const isOut = row.paramNames[at + 1]?.includes("max_len") || param === "digest_off" || param === "result_off";
        if (isOut) last = { at: results + index * resultSize + 24, length: 64 };
        args.push(random(30) === 0 ? pick([0, -1, memorySize - 5, memorySize]) : last.at);
      } else args.push(plainValue(param, type, last, random, pick));
    }
    texts.push(call(name, ...args));
  }
  const length = results - 1024 + options.calls * resultSize;
  return actor(fvm, { body: `${answers(...texts)} (call $return (i32.const ${length}))`, data, pages: "2" });
}

function plainValue(
  param: string,
  type: "i32" | "i64",
  last: Entry | undefined,
  random: Random,
  pick: <T>(list: readonly T[]) => T,
): number | bigint {
  const wide = (value: number | bigint): number | bigint => (type === "i64" ? BigInt(value) : Number(value));
  if (param.endsWith("_len"))
    return random(6) === 0 ? pick([0, 1, 20, 21, 22, 37, 38, 64, 700, -1]) : (last?.length ?? 0);
  switch (param) {
    case "block_id":
    case "params_id":
      return pick([0, 0, 1, 1, 2, 3, 4, 9]);
    case "offset":
      return pick([0, 0, 1, 2, 100, 0x7fffffff, -1]);
    case "codec":
      return pick([0x71n, 0x71n, 0x55n, 0x51n, 0x70n]);
    case "hash_fun":
      return pick([0xb220n, 0xb220n, 0xb220n, 0x12n]);
    case "hash_len":
      return pick([32, 32, 32, 31]);
    case "hash_code":
      return pick([0x12n, 0xb220n, 0xb240n, 0x1bn, 0x1053n, 0x13n]);
    case "method":
      return pick([0n, 1n, 2n, 2n, 2n, 77n]);
    case "value_hi":
      return pick([0n, 0n, 0n, 0n, 0n, 1n, -1n]);
    case "value_lo":
      return pick([0n, 0n, 0n, 1n, 10n ** 18n]);
    case "gas_limit":
      return pick([-1n, -1n, 1_000_000n, 5_000_000n, 20_000_000n, 100_000_000n]);
    case "flags":
      return pick([0n, 0n, 0n, 1n, 2n]);
    case "epoch":
      return pick([999n, 998n, 500n, 100n, 101n, 1000n, 1001n, -1n, -(2n ** 63n)]);
    case "actor_id":
      return pick([0n, 1n, 99n, 100n, 200n, 201n, 9999n, -1n]);
    case "type":
      return pick([0, 1, 4, 12, 13, 16, 99]);
    case "sig_type":
      return pick([0, 1, 2, 3]);
    case "code":
      return pick([0, 1, 15, 16, 40]);
    case "amount":
      return pick([0n, 1n, 1000n, 1_000_000n, -1000n, -(2n ** 63n)]);
    case "entries_count":
      return pick([0, 0, 1, 2, 300]);
    case "num_signers":
      return pick([0, 0, 1]);
    case "burn_unspent_funds":
      return pick([0, 1]);
    case "proof_type":
      return pick([0n, 5n, 8n, 14n, 19n, 20n, -1n]);
    default:
      return wide(random(5));
  }
}
