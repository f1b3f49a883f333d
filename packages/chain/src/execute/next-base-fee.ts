import { cidKey, cidOf } from "@copse/ipld";
import { latin1 } from "@copse/primitives";
import {
  type BlockHeader,
  decodeMessage,
  decodeSignedMessage,
  type Message,
  type NetworkRules,
  type Tipset,
} from "@copse/types";
import { baseFeeHeights, computeBaseFee, type PricedMessage } from "../rules/base-fee.ts";
import type { BlockMessages } from "../validate/read-messages.ts";

/**
 * What the children of a tipset must name as their parents' base fee.
 *
 * @param messages - of each of its blocks, in order; they are the blocks' own (`checkMessages`, which gives this too)
 * @returns unit: attoFIL per gas
 * @see lotus:chain/store/basefee.go ComputeBaseFee
 * @example
 * checkBaseFee(child, nextBaseFee(mainnet, tipset, messages)).faults // => []
 */
export function nextBaseFee(network: NetworkRules, tipset: Tipset, messages: readonly BlockMessages[]): bigint {
  const { height, blocks } = tipset;
  const priced = messages.flatMap(({ bls, secp }) => [
    ...bls.map((bytes) => price(bytes, decodeMessage(bytes))),
    ...secp.map((bytes) => price(bytes, decodeSignedMessage(bytes).message)),
  ]);
  const { parentBaseFee } = blocks[0] as BlockHeader; // a tipset has one
  return computeBaseFee(
    { height, parentBaseFee, blockCount: blocks.length, messages: priced },
    baseFeeHeights(network),
  );
}

function price(bytes: Uint8Array, { from, nonce, gasLimit, gasFeeCap, gasPremium }: Message): PricedMessage {
  return { id: cidKey(cidOf(bytes)), from: latin1(from), nonce, gasLimit, gasFeeCap, gasPremium };
}
