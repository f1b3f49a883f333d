import {
  beaconRandomness,
  type ChainView,
  chainRandomness,
  circulatingSupply,
  executableTipset,
  supplyRules,
  type TipsetExecutor,
  tipsetCid,
  verifyConsensusFault,
} from "@copse/chain/execute";
import { timestampAt } from "@copse/chain/rules";
import type { BlockMessages } from "@copse/chain/validate";
import { type CidBytes, runSync, type SyncBlockStore } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { type Network, networkVersion } from "@copse/types";
import { type Engine, ExternError, type Externs, type ProofVerifier } from "@copse/vm";
import { type AppliedTipset, applyTipset, type TipsetContext } from "@copse/vm/tipset";

/** What tipsets of a chain are executed with. */
export interface ChainMachine {
  readonly network: Network;
  readonly store: SyncBlockStore;
  readonly engine: Engine;
  /** Without one, a message that needs a proof stops the work. */
  readonly proofs?: ProofVerifier | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each message that was executed, implicit ones too. */
  readonly onApplied?: TipsetContext["onApplied"];
}

/**
 * The executor that `@copse/chain` asks for, made of `@copse/vm`.
 *
 * @example
 * const { faults } = checkExecuted(child, createTipsetExecutor(machine).execute(view, messages));
 */
export function createTipsetExecutor(machine: ChainMachine): TipsetExecutor {
  return { execute: (view, messages) => executeTipset(machine, view, messages) };
}

/**
 * Executes a tipset of a chain: what `@copse/chain` knows of it and what `@copse/vm` does, wired together.
 *
 * Synchronous, and as deep on the stack as actors call each other.
 *
 * @param view - the chain that ends in the tipset
 * @param messages - of each of its blocks, in order
 * @throws {VmError} {ChainError} what no valid tipset does
 * @throws {HostFault}
 */
export function executeTipset(
  machine: ChainMachine,
  view: ChainView,
  messages: readonly BlockMessages[],
): AppliedTipset {
  const { network, store, engine, proofs, signal } = machine;
  const rules = supplyRules(network);
  const parentEpoch = view.parentsOf(view.head)?.height ?? 0;
  return applyTipset(runSync(executableTipset(view.head, parentEpoch, messages), store), {
    store,
    networkVersion: (epoch) => networkVersion(network, epoch),
    chainId: BigInt(network.ethChainId),
    timestampOf: (epoch) => timestampAt(network, epoch),
    circulatingSupply: (root, epoch) => runSync(circulatingSupply(root, epoch, rules), store).circulating,
    externs: (base, epoch) => externsOf(machine, view, base, epoch),
    engine,
    proofs,
    signal,
    onApplied: machine.onApplied,
  });
}

function externsOf({ network, store }: ChainMachine, view: ChainView, base: CidBytes, epoch: number): Externs {
  return {
    chainRandomness: (at) => answered(() => chainRandomness(view, at)),
    beaconRandomness: (at) => answered(() => beaconRandomness(network, view, at)),
    tipsetCid: (at) => answered(() => tipsetCid(view, at)),
    verifyConsensusFault: (first, second, extra) =>
      verifyConsensusFault({ network, view, epoch, base, store }, first, second, extra),
  };
}

// What the chain does not have is an answer to an actor; all else is trouble of this machine.
function answered<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (!isCopseError(error, "chain/lookback")) throw error;
    throw new ExternError(error.message, { cause: error });
  }
}
