import type { Amt } from "@copse/amt";
import type { Hamt } from "@copse/hamt";
import { type CidBytes, type Codec, cidOf, encode, fromCid, runSync, type SyncBlockReader } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { dataCapAllowances, dataCapBalances } from "../src/actors/data-cap.ts";
import { evmBytecode, evmSlots, evmTransientSlots } from "../src/actors/evm.ts";
import {
  type AnyActorState,
  actorCodes,
  actorState,
  cronEpochs,
  cronEvents,
  initAddresses,
  powerClaims,
} from "../src/actors/index.ts";
import { pendingTransactions } from "../src/actors/multisig.ts";
import { paymentLanes } from "../src/actors/payment-channel.ts";
import type { StateTree } from "../src/index.ts";
import * as market from "../src/market/index.ts";
import * as miner from "../src/miner/index.ts";
import * as registry from "../src/verified-registry/index.ts";

type Of<Kind extends AnyActorState["kind"]> = Extract<AnyActorState, { kind: Kind }>["state"];

/** Reads all that a state holds, through the public functions, and writes it again: what differs is thrown. */
export class ReadAll {
  /** How many of each thing there were. */
  readonly tally = new Map<string, number>();
  /** Keys of maps, where a test wants to see them. */
  readonly keys = new Map<string, unknown[]>();
  readonly #tree: StateTree;
  readonly #store: SyncBlockReader;

  constructor(tree: StateTree, store: SyncBlockReader) {
    this.#tree = tree;
    this.#store = store;
  }

  actors(): void {
    this.#count("actor codes", runSync(actorCodes(this.#tree), this.#store).size);
    for (const [key] of this.#tree.actors.entries(this.#store)) this.#actor(Address.fromBytes(key));
  }

  #count(what: string, count: number): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + count);
  }

  #hamt<V, K>(what: string, map: Hamt<V, K> | undefined): [K, V][] {
    if (map === undefined) return [];
    const entries = [...map.entries(this.#store)] as [K, V][];
    for (const [key, value] of entries) {
      if (map.setSync(key, value, this.#store)) throw new Error(`${what}: ${String(key)} is written otherwise`);
    }
    this.#count(what, entries.length);
    this.keys.set(
      what,
      entries.map(([key]) => key),
    );
    return entries;
  }

  #amt<V>(what: string, list: Amt<V> | undefined, root?: CID): V[] {
    if (list === undefined) return [];
    const entries = [...list.entries(this.#store)];
    for (const [index, value] of entries) list.setSync(index, value, this.#store);
    if (root !== undefined) this.#same(what, list.flush().root, root);
    this.#count(what, entries.length);
    return entries.map(([, value]) => value);
  }

  #block<T>(what: string, codec: Codec<T>, value: T, cid: CID): void {
    this.#same(what, cidOf(encode(codec, value)), cid);
    this.#count(what, 1);
  }

  #same(what: string, made: CidBytes, read: CID): void {
    if (toHex(made) !== toHex(fromCid(read))) throw new Error(`${what} is written otherwise`);
  }

  #run<T>(steps: Generator<CidBytes, T, Uint8Array>): T {
    return runSync(steps, this.#store);
  }

  #actor(address: Address): void {
    const found = this.#run(actorState(this.#tree, address));
    if (found === undefined) throw new Error(`no actor ${Address.format(address)}`);
    const { kind, state } = found;
    this.#count(kind, 1);
    if (kind === "init") this.#hamt("address", this.#run(initAddresses(state)));
    if (kind === "multisig") this.#hamt("multisig transaction", this.#run(pendingTransactions(state)));
    if (kind === "paymentchannel") this.#amt("payment lane", this.#run(paymentLanes(state)), state.lanes);
    if (kind === "storagepower") this.#power(state);
    if (kind === "storagemarket") this.#market(state);
    if (kind === "storageminer") this.#miner(address, state);
    if (kind === "verifiedregistry") this.#registry(state);
    if (kind === "datacap") {
      for (const [owner] of this.#hamt("data cap", this.#run(dataCapBalances(state)))) {
        this.#hamt("data cap allowance", this.#run(dataCapAllowances(state, owner)));
      }
    }
    if (kind === "evm") {
      this.#count("EVM bytecode", this.#run(evmBytecode(state)).length);
      this.#count("EVM slot", [...this.#run(evmSlots(state)).entries(this.#store)].length);
      if (state.tombstone !== null) this.#count("EVM tombstone", 1);
      const transient = this.#run(evmTransientSlots(state));
      if (transient) this.#count("EVM transient slot", [...transient.entries(this.#store)].length);
    }
  }

  #power(state: Of<"storagepower">): void {
    this.#hamt("power claim", this.#run(powerClaims(state)));
    for (const [epoch, root] of this.#hamt("cron epoch", this.#run(cronEpochs(state)))) {
      this.#amt("cron event", this.#run(cronEvents(state, epoch)), root);
    }
  }

  #market(state: Of<"storagemarket">): void {
    this.#amt("deal proposal", this.#run(market.dealProposals(state)), state.proposals);
    this.#amt("deal state", this.#run(market.dealStates(state)), state.states);
    this.#hamt("pending proposal", this.#run(market.pendingProposals(state)));
    this.#hamt("escrow", this.#run(market.escrowBalances(state)));
    this.#hamt("locked", this.#run(market.lockedBalances(state)));
    for (const [key] of this.#hamt("deal op", this.#run(market.dealOps(state)))) {
      this.#hamt("deal at", this.#run(market.dealsAt(state, key)));
    }
    this.#hamt("deal's allocation", this.#run(market.pendingDealAllocations(state)));
    this.#hamt("sector with deals", this.#run(market.providerDeals(state, Address.id(1000))));
  }

  #miner(address: Address, state: Of<"storageminer">): void {
    this.#run(miner.minerInfo(this.#tree, address));
    this.#count("vesting fund", this.#run(miner.vestingFunds(state)).length);
    this.#amt("sector", this.#run(miner.minerSectors(state)), state.sectors);
    this.#hamt("pre-commit", this.#run(miner.preCommittedSectors(state)));
    this.#amt("pre-commit clean-up", this.#run(miner.preCommitCleanUps(state)), state.preCommittedSectorsCleanUp);
    this.#run(miner.allocatedSectors(state));
    for (const [index, root] of this.#run(miner.minerDeadlines(state)).entries()) {
      const deadline = this.#run(miner.minerDeadline(state, index));
      if (deadline === undefined) throw new Error(`no deadline ${index}`);
      this.#block("deadline", miner.deadlineCodec, deadline, root);
      this.#amt("deadline's expiration", this.#run(miner.deadlineExpirations(deadline)), deadline.expirationsEpochs);
      for (const when of ["now", "snapshot"] as const) {
        this.#amt("window PoSt", this.#run(miner.windowPoSts(deadline, when)));
        const root = when === "now" ? deadline.partitions : deadline.partitionsSnapshot;
        for (const partition of this.#amt("partition", this.#run(miner.deadlinePartitions(deadline, when)), root)) {
          const { expirationsEpochs, earlyTerminated } = partition;
          this.#amt("expiration set", this.#run(miner.partitionExpirations(partition)), expirationsEpochs);
          this.#amt("early termination", this.#run(miner.earlyTerminations(partition)), earlyTerminated);
        }
      }
      this.#amt("sector of a snapshot", this.#run(miner.minerSectors({ ...state, sectors: deadline.sectorsSnapshot })));
    }
  }

  #registry(state: Of<"verifiedregistry">): void {
    this.#hamt("verifier", this.#run(registry.verifiers(state)));
    this.#hamt("verified client", this.#run(registry.verifiedClients(state)));
    this.#hamt("removal", this.#run(registry.removalProposals(state)));
    for (const [client] of this.#hamt("allocating client", this.#run(registry.allocationClients(state)))) {
      this.#hamt("allocation", this.#run(registry.allocations(state, client)));
    }
    for (const [provider] of this.#hamt("claiming provider", this.#run(registry.claimProviders(state)))) {
      this.#hamt("claim", this.#run(registry.claims(state, provider)));
    }
  }
}
