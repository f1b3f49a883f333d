import {
  type BlockFault,
  beaconBelow,
  blockError,
  checkBaseFee,
  checkBeacons,
  checkLeaders,
  checkMessages,
  type RuleChecks,
  readStoredMessages,
  settle,
  verdictOf,
} from "@copse/chain";
import {
  type AccountKeys,
  type BeaconBelow,
  type BlockMessages,
  checkHeader,
  checkSenders,
  readAccountKeys,
  sayBlockFault,
} from "@copse/chain/validate";
import type { SignatureCheck } from "@copse/crypto";
import { type Fetching, runSync, type SyncBlockReader } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { decodeMessage, decodeSignedMessage, type Network, type Tipset } from "@copse/types";
import { ChainTally } from "./chain-tally.ts";
import { StatesAtHand } from "./states-at-hand.ts";

/** Checks signatures: `checkSignatures`, or a pool of workers. */
export type CheckSignatures = (checks: readonly SignatureCheck[]) => readonly boolean[] | Promise<readonly boolean[]>;

/** Signatures checked at once, about: one product of pairings for them. */
const batchChecks = 512;

/** Rules that were looked at and wait for their signatures, and what follows if all of them hold. */
interface Pending {
  readonly checks: RuleChecks;
  readonly holds: () => void;
}

/**
 * Checks a linked chain tipset by tipset, from genesis up, as far as the file holds what it takes: beacons of all
 * headers, messages where they are there, leaders where there is state to look them up in.
 */
export class ChainCheck {
  readonly tally = new ChainTally();
  readonly #network: Network;
  readonly #store: SyncBlockReader;
  readonly #check: CheckSignatures;
  readonly #states: StatesAtHand;
  #pending: Pending[] = [];
  #waiting = 0;
  #base: Tipset | undefined;
  #below: BeaconBelow | undefined;
  /** What the messages of the base say its children must name. */
  #baseFee: bigint | undefined;

  constructor(network: Network, store: SyncBlockReader, check: CheckSignatures) {
    this.#network = network;
    this.#store = store;
    this.#check = check;
    this.#states = new StatesAtHand(network, store);
  }

  /** The next tipset. @throws {BlockError} the first rule that is broken, at it or below it */
  async add(tipset: Tipset): Promise<void> {
    const base = this.#base;
    const { height } = tipset;
    const baseHeight = base?.height ?? -1;
    this.tally.reach("linked", height, baseHeight);
    this.#states.add(tipset);
    if (base !== undefined && this.#below !== undefined) {
      this.#checkHeaders(tipset, base, this.#below);
      if (this.#baseFee !== undefined) this.#checkBaseFee(tipset, this.#baseFee);
      this.#checkLeaders(tipset, base, this.#below);
    }
    this.#baseFee = this.#checkMessages(tipset, baseHeight);
    this.#below = beaconBelow(tipset, this.#below);
    this.#base = tipset;
    if (this.#waiting >= batchChecks) await this.settle();
  }

  /** Checks the signatures that wait; at the end of a chain, all that remain. @throws {BlockError} */
  async settle(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    this.#waiting = 0;
    const results = await this.#check(pending.flatMap(({ checks }) => checks.checks));
    let at = 0;
    for (const { checks, holds } of pending) {
      const count = checks.checks.length;
      const faults = settle(checks, results.slice(at, at + count));
      at += count;
      const verdict = verdictOf(faults);
      if (verdict.kind === "ok") {
        holds();
      } else if (verdict.kind === "unresolved") {
        for (const fault of faults) this.tally.leaveOpen(say(fault));
      } else {
        throw blockError(verdict.fault);
      }
    }
  }

  #hold(checks: RuleChecks, holds: () => void): void {
    this.#pending.push({ checks, holds });
    this.#waiting += checks.checks.length;
  }

  #checkHeaders(tipset: Tipset, base: Tipset, below: BeaconBelow): void {
    const faults = tipset.blocks.flatMap((header, i) => {
      const cid = tipset.cids[i];
      return cid === undefined ? [] : checkHeader(this.#network, header, cid);
    });
    const found = checkBeacons(this.#network, [tipset], below);
    this.#hold({ ...found, faults: [...faults, ...found.faults] }, () => {
      this.tally.beacons += found.entries;
      this.tally.acceptedBeacons += found.accepted;
      this.tally.reach("beacon-checked", tipset.height, base.height);
    });
  }

  #checkBaseFee(tipset: Tipset, expected: bigint): void {
    this.#hold(checkBaseFee(tipset, expected), () => {
      this.tally.baseFees++;
    });
  }

  #checkLeaders(tipset: Tipset, base: Tipset, below: BeaconBelow): void {
    const states = this.#states.forLeaders(tipset, base);
    if (states === undefined) return;
    const context = { base, beacon: below.entry, states };
    const found = runSync(checkLeaders(this.#network, tipset, context), this.#store);
    // A file may hold the root of a state and no more of it: then nothing is said of the leaders.
    if (found.faults.length > 0 && found.faults.every(({ code }) => code === "block/state-missing")) return;
    this.#hold(found, () => {
      this.tally.leaders += found.leaders.length;
      this.tally.leadersOnOlderState += found.leaders.filter(({ state }) => state === "older").length;
      if (found.weightChecked) this.tally.weights++;
      this.tally.reach("leader-checked", tipset.height, base.height);
    });
  }

  /** @returns the base fee of the tipset's children, where its messages are in the file */
  #checkMessages(tipset: Tipset, baseHeight: number): bigint | undefined {
    const lists: BlockMessages[] = [];
    for (const { messages } of tipset.blocks) {
      const stored = readStoredMessages(this.#store, messages.bytes);
      if (stored === undefined) return undefined;
      lists.push({ bls: stored.bls.map(({ bytes }) => bytes), secp: stored.secp.map(({ bytes }) => bytes) });
    }
    const { accountKeys, senders } = this.#senders(tipset, lists);
    const found = checkMessages(this.#network, tipset, lists, { accountKeys, noncesByState: senders !== undefined });
    this.#hold({ ...found, faults: [...found.faults, ...(senders?.faults ?? [])] }, () => {
      this.tally.messageRoots += found.messageRoots;
      this.tally.messages += lists.reduce((sum, { bls, secp }) => sum + bls.length + secp.length, 0);
      this.tally.aggregates += found.counts.blsAggregates;
      this.tally.signatures += found.counts.secpSignatures + found.counts.delegatedSignatures;
      this.tally.reach("messages-checked", tipset.height, baseHeight);
    });
    return found.nextBaseFee;
  }

  /** What the state before the messages says of who sent them; nothing where the file does not hold it. */
  #senders(
    tipset: Tipset,
    lists: readonly BlockMessages[],
  ): { readonly accountKeys?: AccountKeys; readonly senders?: RuleChecks } {
    const root = tipset.blocks[0]?.parentStateRoot;
    const state = root && this.#states.exact(root, tipset.height);
    if (state === undefined) return {};
    return (
      this.#ifHeld(() => {
        const from = lists.flatMap(({ bls, secp }) => [
          ...bls.map((bytes) => decodeMessage(bytes).from),
          ...secp.map((bytes) => decodeSignedMessage(bytes).message.from),
        ]);
        const accountKeys = this.#run(readAccountKeys(state.tree, from));
        const senders = this.#run(checkSenders(this.#network, tipset, lists, state.tree));
        return { accountKeys, senders };
      }) ?? {}
    );
  }

  #run<T>(steps: Fetching<T>): T {
    return runSync(steps, this.#store);
  }

  /** `undefined` where it takes a block that the file does not hold, or messages that are none: others tell of those. */
  #ifHeld<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (isCopseError(error) && (error.code === "host/block-missing" || !error.code.startsWith("host/"))) {
        return undefined;
      }
      throw error;
    }
  }
}

function say({ code, facts }: BlockFault): string {
  return `${code}: ${sayBlockFault(code, facts as never)}`;
}
