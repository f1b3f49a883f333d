import { CborWriter } from "@copse/ipld";
import { Address, AttoFil, type Message } from "@copse/types";

/** Gas limit of every implicit message: half of the largest signed 64-bit number. @see lotus:chain/vm/fvm.go */
export const implicitGasLimit: bigint = (2n ** 63n - 1n) / 2n;

const systemActor = Address.id(0);
const rewardActor = Address.id(2);
const cronActor = Address.id(3);
const awardBlockReward = 2n;
const epochTick = 2n;

/** What a block earned and lost by the messages it brought. */
export interface BlockAward {
  /** ID address. */
  readonly miner: Address;
  /** Unit: attoFIL, of messages that could not be executed. */
  readonly penalty: bigint;
  /** Unit: attoFIL, premiums of its messages. */
  readonly gasReward: bigint;
  readonly winCount: number;
}

/**
 * The message that pays a block's miner. It must succeed.
 *
 * @see lotus:chain/consensus/filcns/mine.go, lotus:chain/consensus/compute_state.go
 * @example
 * rewardMessage(10, { miner: Address.id(1000), penalty: 0n, gasReward: 0n, winCount: 1 }).method // => 2n
 */
export function rewardMessage(epoch: number, award: BlockAward): Message {
  const params = new CborWriter(64)
    .array(4)
    .bytes(award.miner)
    .bytes(AttoFil.encodeBigInt(award.penalty))
    .bytes(AttoFil.encodeBigInt(award.gasReward))
    .int(award.winCount)
    .finish();
  return implicit(rewardActor, epoch, awardBlockReward, params);
}

/**
 * The message that runs what is due at the end of an epoch. It must succeed.
 *
 * @see lotus:chain/consensus/compute_state.go
 * @example
 * cronMessage(10).nonce // => 10n
 */
export function cronMessage(epoch: number): Message {
  return implicit(cronActor, epoch, epochTick, new Uint8Array(0));
}

function implicit(to: Address, epoch: number, method: bigint, params: Uint8Array): Message {
  const zero = 0n as AttoFil;
  return {
    version: 0,
    to,
    from: systemActor,
    nonce: BigInt(epoch),
    value: zero,
    gasLimit: implicitGasLimit,
    gasFeeCap: zero,
    gasPremium: zero,
    method,
    params,
  };
}
