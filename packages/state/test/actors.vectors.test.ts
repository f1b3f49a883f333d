import {
  CborReader,
  type CidBytes,
  type Codec,
  cidKey,
  decode,
  encode,
  fromCid,
  runSync,
  type SyncBlockReader,
} from "@copse/ipld";
import { HostFault, toHex } from "@copse/primitives";
import { carBlocksOf, describeData, fvmVectors } from "@copse/testkit";
import { Address } from "@copse/types";
import { CID } from "multiformats/cid";
import { expect, it } from "vitest";
import { accountStateCodec } from "../src/actors/account.ts";
import { type AnyActorState, actorState } from "../src/actors/any.ts";
import { cronStateCodec } from "../src/actors/cron.ts";
import { dataCapStateCodec } from "../src/actors/data-cap.ts";
import { evmStateCodec } from "../src/actors/evm.ts";
import { initStateCodec } from "../src/actors/init.ts";
import { multisigStateCodec, multisigTransactionCodec } from "../src/actors/multisig.ts";
import { paymentChannelStateCodec, paymentLaneCodec } from "../src/actors/payment-channel.ts";
import { powerStateCodec } from "../src/actors/power.ts";
import { rewardStateCodec } from "../src/actors/reward.ts";
import { systemStateCodec } from "../src/actors/system.ts";
import { amountField, bigIntField, bitFieldField, cidField, uintField } from "../src/field-codecs.ts";
import { type Actor, actorCodec, loadStateTree, type StateTree } from "../src/index.ts";
import { dealProposalCodec } from "../src/market/deal-proposal.ts";
import { dealStateCodecV8 } from "../src/market/deal-state.ts";
import { type MarketState, marketStateCodec } from "../src/market/market-state.ts";
import { deadlineCodec, minerDeadlines } from "../src/miner/deadlines.ts";
import { storedInfoCodec } from "../src/miner/miner-info.ts";
import { type MinerState, minerStateCodec } from "../src/miner/miner-state.ts";
import { expirationSetCodec, partitionCodec } from "../src/miner/partitions.ts";
import { preCommitCodec } from "../src/miner/pre-commits.ts";
import { sectorCodec } from "../src/miner/sectors.ts";
import { vestingFunds } from "../src/miner/vesting.ts";
import { claimCodec as powerClaimCodec } from "../src/power.ts";
import { allocationCodec, claimCodec } from "../src/verified-registry/allocation.ts";
import { type VerifiedRegistryState, verifiedRegistryStateCodec } from "../src/verified-registry/registry-state.ts";
import { type HeldEntry, heldAmt, heldHamt } from "./held-entries.ts";

const stateCodecs: Partial<Record<AnyActorState["kind"], Codec<unknown>>> = {
  system: systemStateCodec,
  init: initStateCodec,
  cron: cronStateCodec,
  account: accountStateCodec,
  storagepower: powerStateCodec,
  storageminer: minerStateCodec,
  storagemarket: marketStateCodec,
  paymentchannel: paymentChannelStateCodec,
  multisig: multisigStateCodec,
  reward: rewardStateCodec,
  verifiedregistry: verifiedRegistryStateCodec,
  datacap: dataCapStateCodec,
  evm: evmStateCodec,
} as Partial<Record<AnyActorState["kind"], Codec<unknown>>>;

/** Reads what vectors hold, writes each struct again and compares, and counts. */
class Check {
  readonly tally = new Map<string, number>();
  readonly #seen = new Set<string>();
  store: SyncBlockReader = { getSync: () => undefined };

  /** A value's bytes, which must be written again as they were. */
  value<T>(what: string, codec: Codec<T>, bytes: Uint8Array): T {
    const value = decode(codec, bytes);
    if (toHex(encode(codec, value)) !== toHex(bytes)) throw new Error(`${what}: ${toHex(bytes)}`);
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
    return value;
  }

  /** A block the first time it is met, if it is held. */
  block<T>(what: string, codec: Codec<T>, cid: CID): T | undefined {
    const bytes = this.store.getSync(fromCid(cid));
    return bytes === undefined || !this.#isNew(cid) ? undefined : this.value(what, codec, bytes);
  }

  /** The values of a tree the first time its root is met, as far as they are held. */
  tree<T>(
    what: string,
    codec: Codec<T>,
    root: CID | undefined,
    held: (root: CidBytes, store: SyncBlockReader) => Iterable<HeldEntry>,
  ): T[] {
    if (root === undefined || !this.#isNew(root)) return [];
    return Array.from(held(fromCid(root), this.store), ([, bytes]) => this.value(what, codec, bytes));
  }

  #isNew(cid: CID): boolean {
    const key = cidKey(fromCid(cid));
    return !this.#seen.has(key) && this.#seen.add(key) !== undefined;
  }
}

function checkMiner(check: Check, state: MinerState): void {
  check.block("miner: info", storedInfoCodec, state.info);
  check.tree("miner: pre-commit", preCommitCodec, state.preCommittedSectors, heldHamt);
  check.tree("miner: pre-commit clean-up", bitFieldField, state.preCommittedSectorsCleanUp, heldAmt);
  check.block("miner: allocated sectors", bitFieldField, state.allocatedSectors);
  check.tree("miner: sector", sectorCodec, state.sectors, heldAmt);
  const funds = held(() => runSync(vestingFunds(state), check.store));
  if (funds !== undefined) {
    check.tally.set("miner: vesting funds", (check.tally.get("miner: vesting funds") ?? 0) + 1);
    expect(funds.every((fund, i) => i === 0 || fund.epoch > (funds[i - 1]?.epoch ?? 0))).toBe(true);
    expect(funds.reduce((sum, fund) => sum + fund.amount, 0n)).toBe(state.lockedFunds);
  }
  for (const root of held(() => runSync(minerDeadlines(state), check.store)) ?? []) {
    const deadline = check.block("miner: deadline", deadlineCodec, root);
    if (deadline === undefined) continue;
    check.tree("miner: deadline's expirations", bitFieldField, deadline.expirationsEpochs, heldAmt);
    const partitions = [
      ...check.tree("miner: partition", partitionCodec, deadline.partitions, heldAmt),
      ...check.tree("miner: partition", partitionCodec, deadline.partitionsSnapshot, heldAmt),
    ];
    for (const partition of partitions) {
      check.tree("miner: expiration set", expirationSetCodec, partition.expirationsEpochs, heldAmt);
      check.tree("miner: early termination", bitFieldField, partition.earlyTerminated, heldAmt);
    }
  }
}

function checkMarket(check: Check, state: MarketState): void {
  check.tree("market: proposal", dealProposalCodec, state.proposals, heldAmt);
  check.tree("market: deal state", dealStateCodecV8, state.states, heldAmt);
  check.tree("market: escrow", amountField, state.escrowTable, heldHamt);
  check.tree("market: locked", amountField, state.lockedTable, heldHamt);
  check.tree("market: deal ops", cidField, state.dealOpsByEpoch, heldHamt);
  check.tree("market: allocation", uintField, state.pendingDealAllocationIds, heldHamt);
}

function checkRegistry(check: Check, state: VerifiedRegistryState): void {
  check.tree("registry: verifier", bigIntField, state.verifiers, heldHamt);
  for (const root of check.tree("registry: client", cidField, state.allocations, heldHamt)) {
    check.tree("registry: allocation", allocationCodec, root, heldHamt);
  }
  for (const root of check.tree("registry: provider", cidField, state.claims, heldHamt)) {
    check.tree("registry: claim", claimCodec, root, heldHamt);
  }
}

function checkActor(check: Check, tree: StateTree, id: Address, actor: Actor): void {
  if (check.store.getSync(fromCid(actor.head)) === undefined) return;
  const found = held(() => runSync(actorState(tree, id), check.store));
  if (found === undefined) return;
  const { kind, state } = found;
  const codec = stateCodecs[kind];
  if (codec === undefined || check.block(kind, codec, actor.head) === undefined) return;
  if (kind === "storageminer") checkMiner(check, state);
  if (kind === "storagemarket") checkMarket(check, state);
  if (kind === "verifiedregistry") checkRegistry(check, state);
  if (kind === "storagepower") check.tree("power: claim", powerClaimCodec, state.claims, heldHamt);
  if (kind === "multisig")
    check.tree("multisig: transaction", multisigTransactionCodec, state.pendingTransactions, heldHamt);
  if (kind === "paymentchannel") check.tree("payment channel: lane", paymentLaneCodec, state.lanes, heldAmt);
  if (kind === "datacap") {
    check.tree("data cap: balance", bigIntField, state.token.balances, heldHamt);
    for (const root of check.tree("data cap: owner", cidField, state.token.allowances, heldHamt)) {
      check.tree("data cap: allowance", bigIntField, root, heldHamt);
    }
  }
}

function held<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof HostFault) return undefined;
    throw error;
  }
}

describeData("mainnet states of actors v9 and v10", ["fvm-test-vectors/0001-shark-01"], () => {
  it("are read struct by struct, and written again to the same bytes", { timeout: 300_000 }, () => {
    const check = new Check();
    for (const vector of fvmVectors()) {
      const store = carBlocksOf(vector.car);
      check.store = store;
      for (const root of [vector.root, vector.rootAfter]) {
        const tree = runSync(loadStateTree(CID.parse(root)), store);
        const rootBlock = fromCid(CID.parse(root));
        expect(store.getSync(rootBlock)).toBeDefined();
        const codec = actorCodec(tree.version);
        for (const [key, bytes] of heldHamt(actorsRoot(store, rootBlock), store)) {
          checkActor(check, tree, Address.fromBytes(key), decode(codec, bytes));
        }
      }
    }
    expect(Object.fromEntries([...check.tally].sort())).toEqual({
      account: 8,
      "data cap: allowance": 14,
      "data cap: balance": 2440,
      "data cap: owner": 999,
      datacap: 38,
      init: 107,
      "market: allocation": 7511,
      "market: deal ops": 1795,
      "market: deal state": 1332,
      "market: escrow": 1664,
      "market: locked": 2111,
      "market: proposal": 2075,
      "miner: allocated sectors": 36,
      "miner: deadline": 340,
      "miner: deadline's expirations": 48,
      "miner: expiration set": 212,
      "miner: info": 78,
      "miner: partition": 495,
      "miner: pre-commit": 13098,
      "miner: pre-commit clean-up": 31,
      "miner: sector": 87458,
      "miner: vesting funds": 23,
      multisig: 23,
      "multisig: transaction": 115,
      "power: claim": 881,
      "registry: allocation": 8555,
      "registry: claim": 4612,
      "registry: client": 430,
      "registry: provider": 404,
      "registry: verifier": 222,
      reward: 38,
      storagemarket: 65,
      storageminer: 177,
      storagepower: 100,
      system: 2,
      verifiedregistry: 38,
    });
  });
});

/** Shape: `[version, actors, info]`. */
function actorsRoot(store: SyncBlockReader, root: CidBytes): CidBytes {
  const reader = new CborReader(store.getSync(root) as Uint8Array);
  reader.array(3);
  reader.skip();
  return reader.link().slice();
}
