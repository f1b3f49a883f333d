import type { MutableStateTree } from "@copse/state";
import type { BufferedStore } from "../buffered-store.ts";
import type { Engine } from "../engine/engine.ts";
import type { Externs } from "../externs.ts";
import type { PriceList } from "../gas/price-table.ts";
import type { ProofVerifier } from "../proofs.ts";
import type { Manifest } from "./manifest.ts";
import type { Rules } from "./rules.ts";

/** When and where a machine executes. Amounts in attoFIL. */
export interface MachineContext {
  readonly networkVersion: number;
  readonly chainId: bigint;
  readonly epoch: number;
  /** Unix time in seconds. */
  readonly timestamp: bigint;
  readonly baseFee: bigint;
  /** What actors are told is in circulation. */
  readonly circSupply: bigint;
  /** Whether actors may log. Changes what they spend: off on every network that others follow. */
  readonly actorDebugging: boolean;
}

/** All that messages share: what they run on, and the state they change. */
export interface MachineCore {
  readonly context: MachineContext;
  readonly rules: Rules;
  readonly prices: PriceList;
  readonly tree: MutableStateTree;
  readonly store: BufferedStore;
  readonly manifest: Manifest;
  readonly externs: Externs;
  readonly proofs: ProofVerifier | undefined;
  readonly engine: Engine;
  readonly trace: boolean;
}
