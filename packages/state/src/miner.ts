import { type CborReader, type Fetching, fromCid } from "@copse/ipld";
import { Address, type AttoFil, AttoFil as amounts } from "@copse/types";
import type { CID } from "multiformats/cid";
import { actorKind, actorsVersion } from "./actor-kind.ts";
import { StateError } from "./errors.ts";
import { openStruct, readAddress, readAddressOrNull, readAmount, readCid, skipFields } from "./fields.ts";
import { getActor } from "./init.ts";
import type { StateTree } from "./state-tree.ts";

/** What a miner's state says of its funds and sectors. Roots are left unread. */
export interface MinerState {
  readonly info: CID;
  readonly preCommitDeposits: AttoFil;
  readonly lockedFunds: AttoFil;
  /** Fees it owes. Actors v0 had none. A miner with debt may not mine. */
  readonly feeDebt: AttoFil;
  readonly initialPledge: AttoFil;
  /** AMT of sectors by number. */
  readonly sectors: CID;
  readonly deadlines: CID;
}

/** Who a miner is. */
export interface MinerInfo {
  /** ID address of its owner. */
  readonly owner: Address;
  /** ID address of the account whose key signs its blocks; see `accountKey`. */
  readonly worker: Address;
  readonly controlAddresses: readonly Address[];
  /** The worker to come, and the epoch from which it may be confirmed. */
  readonly pendingWorker: { readonly worker: Address; readonly effectiveAt: number } | null;
  /** Bytes of its libp2p peer ID, maybe none. */
  readonly peerId: Uint8Array;
  readonly multiaddrs: readonly Uint8Array[];
  /** Registered proof type: of sealing before actors v3, of window PoSt since. */
  readonly proofType: number;
  readonly proofKind: "seal" | "window-post";
  /** Unit: bytes. Given by the proof type. */
  readonly sectorSize: number;
  readonly windowPoStPartitionSectors: number;
  /** The last epoch in which a reported consensus fault keeps it from mining; -1 for none, and always in actors v0. */
  readonly consensusFaultElapsed: number;
  readonly pendingOwner: Address | null;
  /** Who is paid; the owner before actors v9. */
  readonly beneficiary: Address;
}

/**
 * The state of a miner.
 *
 * Shape: 13 fields in actors v0; v2 adds the fee debt; 15 since v4. From v16 the vesting funds are no link but inline.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/layout-unknown`
 * @see go-state-types:builtin/v16/miner/miner_state.go, specs-actors:v0.9.14 actors/builtin/miner/miner_state.go
 * @example
 * const { sectors } = runSync(minerState(tree, header.miner), store);
 */
export function* minerState(tree: StateTree, miner: Address): Fetching<MinerState> {
  return (yield* openMiner(tree, miner)).state;
}

/**
 * Fees that a miner owes: with any, it may not mine.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/layout-unknown`
 * @example
 * const mayMine = runSync(minerFeeDebt(tree, header.miner), store) === 0n;
 */
export function* minerFeeDebt(tree: StateTree, miner: Address): Fetching<AttoFil> {
  return (yield* minerState(tree, miner)).feeDebt;
}

/**
 * Who a miner is.
 *
 * Shape: 9 fields in actors v0; v2 adds the consensus fault and the pending owner; v9 adds the beneficiary.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/layout-unknown`
 * @see go-state-types:builtin/v16/miner/miner_state.go, specs-actors:v0.9.14 actors/builtin/miner/miner_state.go
 * @example
 * const { worker } = runSync(minerInfo(tree, header.miner), store);
 * const key = runSync(accountKey(tree, worker), store);
 */
export function* minerInfo(tree: StateTree, miner: Address): Fetching<MinerInfo> {
  const { state, version } = yield* openMiner(tree, miner);
  const [reader, fields] = openStruct(yield fromCid(state.info), "miner info", [9, 11, 14]);
  const owner = readAddress(reader);
  const worker = readAddress(reader);
  const controlAddresses = readAll(reader, readAddress);
  const pendingWorker = readPendingWorker(reader);
  const peerId = reader.bytes().slice();
  const multiaddrs = readAll(reader, (item) => item.bytes().slice());
  const proofType = reader.safeInt();
  const sectorSize = reader.safeUint();
  const windowPoStPartitionSectors = reader.safeUint();
  const consensusFaultElapsed = fields > 9 ? reader.safeInt() : -1;
  const pendingOwner = fields > 9 ? readAddressOrNull(reader) : null;
  const beneficiary = fields > 11 ? readAddress(reader) : owner;
  if (fields > 11) skipFields(reader, 2); // its term, and the one to come
  reader.end();
  return {
    owner,
    worker,
    controlAddresses,
    pendingWorker,
    peerId,
    multiaddrs,
    proofType,
    proofKind: version === 0 || version === 2 ? "seal" : "window-post",
    sectorSize,
    windowPoStPartitionSectors,
    consensusFaultElapsed,
    pendingOwner,
    beneficiary,
  };
}

function readPendingWorker(reader: CborReader): MinerInfo["pendingWorker"] {
  if (reader.null()) return null;
  reader.array(2);
  return { worker: readAddress(reader), effectiveAt: reader.safeInt() };
}

function readAll<T>(reader: CborReader, read: (reader: CborReader) => T): T[] {
  return Array.from({ length: reader.array() }, () => read(reader));
}

function* openMiner(
  tree: StateTree,
  miner: Address,
): Fetching<{ readonly state: MinerState; readonly version: number | undefined }> {
  const actor = yield* getActor(tree, miner);
  if (actor === undefined) throw new StateError("state/actor-missing", { address: Address.format(miner) });
  const kind = yield* actorKind(tree, actor.code);
  if (kind !== "storageminer") {
    const facts = { address: Address.format(miner), found: kind ?? "unknown", expected: "storageminer" };
    throw new StateError("state/actor-kind", facts);
  }
  const [reader, fields] = openStruct(yield fromCid(actor.head), "miner's state", [13, 14, 15]);
  const info = readCid(reader);
  const preCommitDeposits = readAmount(reader);
  const lockedFunds = readAmount(reader);
  reader.skip(); // vesting funds
  const feeDebt = fields === 13 ? amounts.zero : readAmount(reader);
  const initialPledge = readAmount(reader);
  skipFields(reader, 3); // pre-committed sectors, their clean-up or expiry, allocated sector numbers
  const sectors = readCid(reader);
  skipFields(reader, 2); // proving period, current deadline
  const deadlines = readCid(reader);
  skipFields(reader, fields === 15 ? 2 : 1); // early terminations, and whether cron is active
  reader.end();
  const state = { info, preCommitDeposits, lockedFunds, feeDebt, initialPledge, sectors, deadlines };
  return { state, version: actorsVersion(actor.code) };
}
