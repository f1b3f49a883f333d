import type { Tipset } from "@copse/types";
import type { BlockMessages } from "../validate/read-messages.ts";
import { emptyReceipts } from "./genesis-block.ts";
import { genesisState, type MintedState } from "./genesis-state.ts";
import type { ComposeMessage, Sender } from "./messages.ts";
import type { MintedPower } from "./miners.ts";
import type { AfterTipset } from "./parent.ts";

/** What the genesis state of a minted chain holds. */
export interface MintedGenesis {
  readonly networkName: string;
  /** Unit: seconds since 1970. */
  readonly genesisTime: number;
  readonly power: MintedPower;
  readonly senders: readonly Sender[];
}

/** What executes a chain while it is minted. */
export interface MintMachine {
  /** Of the whole chain. */
  readonly networkVersion: number | undefined;
  /** Makes the state that the chain begins with: its miners have the IDs and the power told. */
  genesis(parts: MintedGenesis): MintedState;
  /**
   * Executes a tipset of the chain or of a fork; parents come before their children.
   *
   * @param parents - `undefined` of genesis, which names its own state
   */
  execute(tipset: Tipset, parents: Tipset | undefined, messages: readonly BlockMessages[]): AfterTipset;
  /** What senders send; transfers and calls of contracts unless told. */
  readonly compose?: ComposeMessage;
}

/** No machine: the state stays what it was at genesis, and nothing has receipts. */
export const noMachine: MintMachine = {
  networkVersion: undefined,
  genesis: ({ networkName, power, senders }) => genesisState(networkName, power, senders),
  execute: ({ blocks: [first] }) => ({
    stateRoot: (first as Tipset["blocks"][number]).parentStateRoot,
    receipts: emptyReceipts(),
  }),
};
