import { type Fetching, fromCid } from "@copse/ipld";
import { loadStateTree } from "@copse/state";
import {
  type BlockHeader,
  decodeMessage,
  decodeSignedMessage,
  type Message,
  minTimestamp,
  type Tipset,
} from "@copse/types";
import type { ExecutableMessage, ExecutableTipset } from "@copse/types/execution";
import type { BlockMessages } from "../validate/read-messages.ts";
import { selectForExecution } from "./select-for-execution.ts";

/**
 * A tipset in the form that a VM executes: its blocks in order, each with the messages that are selected of it.
 *
 * @param parentEpoch - height of the parents
 * @param messages - of each block of the tipset, in the same order; they are the blocks' own (`checkMessages`)
 * @throws {ChainError} `chain/sender-unresolved`
 * @throws {HostFault} `host/block-missing` of the state after the parents
 * @see lotus:chain/consensus/compute_state.go ExecuteTipSet
 * @example
 * const executed = executor.execute(runSync(executableTipset(tipset, parent.height, messages), store));
 */
export function* executableTipset(
  tipset: Tipset,
  parentEpoch: number,
  messages: readonly BlockMessages[],
): Fetching<ExecutableTipset> {
  const first = tipset.blocks[0] as BlockHeader; // a tipset has one
  const listed = tipset.blocks.map((_, i) => read(messages[i] ?? { bls: [], secp: [] }));
  const tree = yield* loadStateTree(first.parentStateRoot);
  const selected = yield* selectForExecution(tree, listed.flat().map(messageOf));
  let at = 0;
  return {
    epoch: tipset.height,
    parentEpoch,
    parentStateRoot: fromCid(first.parentStateRoot),
    timestamp: minTimestamp(tipset),
    baseFee: first.parentBaseFee,
    blocks: tipset.blocks.map(({ miner, electionProof }, i) => ({
      miner,
      winCount: electionProof?.winCount ?? 0,
      messages: (listed[i] ?? []).filter(() => selected[at++] === true),
    })),
  };
}

function read({ bls, secp }: BlockMessages): readonly ExecutableMessage[] {
  return [
    ...bls.map((bytes) => ({ message: decodeMessage(bytes), onChainLength: bytes.length })),
    ...secp.map((bytes) => ({ message: decodeSignedMessage(bytes).message, onChainLength: bytes.length })),
  ];
}

function messageOf({ message }: ExecutableMessage): Message {
  return message;
}
