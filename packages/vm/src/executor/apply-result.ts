import type { CidBytes } from "@copse/ipld";
import type { Failure } from "../call-manager/backtrace.ts";
import type { StampedEvent } from "../events.ts";
import type { GasTrace } from "../gas/trace.ts";

/** What the chain keeps of a message. */
export interface MessageReceipt {
  readonly exitCode: number;
  readonly returnData: Uint8Array;
  readonly gasUsed: bigint;
  /** Absent before network version 18; `null` without events. */
  readonly eventsRoot?: CidBytes | null;
}

/** What came of a message. Amounts in attoFIL, all 0 for an implicit message. */
export interface ApplyResult {
  readonly receipt: MessageReceipt;
  /** What its miner pays. */
  readonly penalty: bigint;
  readonly minerTip: bigint;
  readonly baseFeeBurn: bigint;
  readonly overEstimationBurn: bigint;
  readonly refund: bigint;
  /** Of the limit, what was paid back and what was burnt unused. Unit: gas. */
  readonly gasRefund: bigint;
  readonly gasBurned: bigint;
  /** How it failed: for people. */
  readonly failure?: Failure | undefined;
  /** In the order they were emitted. */
  readonly events: readonly StampedEvent[];
  /** Codec of the return data, where there is some. */
  readonly returnCodec?: number | undefined;
  /** What actors said, where the machine lets them. */
  readonly logs: readonly string[];
  /** Every charge, where the machine keeps them. */
  readonly trace?: GasTrace | undefined;
}

/** What has not been spent, or not by anyone. */
export const noOutputs: Omit<ApplyResult, "receipt"> = {
  penalty: 0n,
  minerTip: 0n,
  baseFeeBurn: 0n,
  overEstimationBurn: 0n,
  refund: 0n,
  gasRefund: 0n,
  gasBurned: 0n,
  events: [],
  logs: [],
};
