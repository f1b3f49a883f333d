import { amtRoot } from "@copse/amt";
import { hamtRoot } from "@copse/hamt";
import { CborWriter, type CidBytes, linkCodec } from "@copse/ipld";
import { type Address, AttoFil } from "@copse/types";
import { StateError } from "../errors.ts";
import { writeBigInt } from "../fields.ts";
import type { BlockList } from "./block-list.ts";

const deadlinesPerPeriod = 48;

/** Window PoSt proof types (version 1.1) and sectors to a partition, by sector size. @see go-state-types:abi/sector.go */
const proofs: ReadonlyMap<number, { readonly type: number; readonly partitionSectors: number }> = new Map([
  [2 ** 11, { type: 10, partitionSectors: 2 }],
  [2 ** 23, { type: 11, partitionSectors: 2 }],
  [2 ** 29, { type: 12, partitionSectors: 2 }],
  [2 ** 35, { type: 13, partitionSectors: 2349 }],
  [2 ** 36, { type: 14, partitionSectors: 2300 }],
]);

/** The window PoSt proof type of a sector size. @throws {StateError} `state/proof-unknown` */
export function proofTypeOf(sectorSize: number): number {
  return proofOf(sectorSize).type;
}

function proofOf(sectorSize: number): { readonly type: number; readonly partitionSectors: number } {
  const proof = proofs.get(sectorSize);
  if (proof === undefined) throw new StateError("state/proof-unknown", { sectorSize });
  return proof;
}

/** Who a miner is to be. */
export interface MinerBlocksOptions {
  readonly owner: Address;
  readonly worker: Address;
  readonly peerId: Uint8Array;
  readonly sectorSize: number;
}

/** What all miners without sectors have in common. */
export interface NoSectors {
  readonly preCommits: CidBytes;
  readonly cleanUp: CidBytes;
  readonly numbers: CidBytes;
  readonly sectors: CidBytes;
  readonly deadlines: CidBytes;
}

/** Adds the empty trees of a miner, once for all of them. */
export function putNoSectors(blocks: BlockList): NoSectors {
  const list = (bitWidth: number): CidBytes => blocks.tree(amtRoot([], linkCodec, { version: 3, bitWidth }));
  const sectors = list(5);
  return {
    preCommits: blocks.tree(hamtRoot([], linkCodec, { version: 3 })),
    cleanUp: list(6),
    numbers: blocks.put(new CborWriter().bytes(new Uint8Array())),
    sectors,
    deadlines: putDeadlines(blocks, list, sectors),
  };
}

/**
 * The state of a miner with no sectors yet, in the layout of actors v16.
 *
 * @returns its root
 * @see builtin-actors:actors/miner/src/state.rs, deadline_state.rs
 */
export function putMiner(blocks: BlockList, empty: NoSectors, miner: MinerBlocksOptions): CidBytes {
  const info = putInfo(blocks, miner);
  const writer = new CborWriter();
  writer.array(15).link(info);
  writeBigInt(writer, AttoFil.zero); // pre-commit deposits
  writeBigInt(writer, AttoFil.zero); // locked funds
  writer.null(); // vesting funds
  writeBigInt(writer, AttoFil.zero); // fee debt
  writeBigInt(writer, AttoFil.zero); // initial pledge
  writer.link(empty.preCommits).link(empty.cleanUp).link(empty.numbers);
  writer.link(empty.sectors).int(0).uint(0).link(empty.deadlines); // proving period and current deadline between
  writer.bytes(new Uint8Array()).bool(false); // early terminations, cron
  return blocks.put(writer);
}

function putInfo(blocks: BlockList, miner: MinerBlocksOptions): CidBytes {
  const proof = proofOf(miner.sectorSize);
  const writer = new CborWriter();
  writer.array(14).bytes(miner.owner).bytes(miner.worker).array(0).null().bytes(miner.peerId).array(0);
  writer.int(proof.type).uint(miner.sectorSize).uint(proof.partitionSectors);
  writer.int(-1).null(); // no consensus fault, no owner to come
  writer.bytes(miner.owner).array(3); // beneficiary, and its term: quota, used, expiration
  writeBigInt(writer, AttoFil.zero);
  writeBigInt(writer, AttoFil.zero);
  writer.int(0).null();
  return blocks.put(writer);
}

function putDeadlines(blocks: BlockList, emptyList: (bitWidth: number) => CidBytes, sectors: CidBytes): CidBytes {
  const [partitions, expirations, submissions] = [emptyList(3), emptyList(5), emptyList(2)];
  const deadline = new CborWriter();
  const noPower = (): void => {
    deadline.array(2);
    writeBigInt(deadline, 0n);
    writeBigInt(deadline, 0n);
  };
  deadline.array(13).link(partitions).link(expirations);
  deadline.bytes(new Uint8Array()).bytes(new Uint8Array()).uint(0).uint(0); // posted, early terminations, sectors
  noPower();
  deadline.link(submissions).link(sectors).link(partitions).link(submissions);
  noPower();
  writeBigInt(deadline, AttoFil.zero); // daily fee
  const empty = blocks.put(deadline);

  const writer = new CborWriter(4096).array(1).array(deadlinesPerPeriod);
  for (let i = 0; i < deadlinesPerPeriod; i++) writer.link(empty);
  return blocks.put(writer);
}
