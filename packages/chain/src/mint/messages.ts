import { cidKey, cidOf } from "@copse/ipld";
import { latin1 } from "@copse/primitives";
import {
  Address,
  type AttoFil,
  addressOfKey,
  type Message,
  type SignedMessage,
  type SigningKey,
  signMessage,
  storedBytes,
} from "@copse/types";
import { invokeContract } from "@copse/types/eth";
import type { PricedMessage } from "../rules/base-fee.ts";
import type { Seeded } from "./seeded.ts";
import { shortBlsKey } from "./signer.ts";

/** An account of the minted chain that sends messages. */
export interface Sender {
  readonly address: Address;
  readonly key: SigningKey;
}

/** A message that the blocks of an epoch may list: signed once, however many do. */
export interface OfferedMessage {
  /** Index of its sender. */
  readonly sender: number;
  readonly signed: SignedMessage;
  /** As stored: bare for BLS, signed for the others. */
  readonly bytes: Uint8Array;
  readonly priced: PricedMessage;
}

/** Two BLS accounts, two secp256k1 ones, one of Ethereum. */
export function createSenders(seeded: Seeded): readonly Sender[] {
  const keys: SigningKey[] = [
    { type: 2, privateKey: shortBlsKey(seeded, "bls sender", 0) },
    { type: 2, privateKey: shortBlsKey(seeded, "bls sender", 1) },
    { type: 1, privateKey: seeded.bytes("secp sender", 0) },
    { type: 1, privateKey: seeded.bytes("secp sender", 1) },
    { type: 3, privateKey: seeded.bytes("eth sender", 0) },
  ];
  return keys.map((key) => ({ key, address: addressOfKey(key) }));
}

/** Chances that a sender has a message, and one more, in an epoch; by signature type. */
const chances: Readonly<Record<1 | 2 | 3, readonly [number, number]>> = { 1: [0.5, 0.2], 2: [0.3, 0.1], 3: [0.3, 0.1] };
/** Unit: attoFIL per gas. */
const cheap = 100_000n;
const wholeFil = 10n ** 18n;

/**
 * The messages waiting in an epoch, by rising nonce per sender.
 *
 * Gas limits are small, but in some epochs each is some gigagas, the more often the
 * cheaper gas is, so that the base fee moves both ways.
 */
export function offerMessages(
  random: () => number,
  senders: readonly Sender[],
  { height: parentHeight, nonces, baseFee }: WaitingOn,
  ethChainId: number,
  chosen: ComposeMessage = compose,
): readonly OfferedMessage[] {
  const offered: OfferedMessage[] = [];
  const busy = random() < (baseFee < cheap ? 0.9 : 0.3);
  for (const [sender, { address, key }] of senders.entries()) {
    const [first, second] = chances[key.type];
    const count = random() < first ? (random() < second ? 2 : 1) : 0;
    for (let i = 0; i < count; i++) {
      const to = (senders[(sender + 1 + Math.floor(random() * (senders.length - 1))) % senders.length] as Sender)
        .address;
      const nonce = (nonces[sender] as bigint) + BigInt(i);
      const plan = {
        sender,
        from: address,
        to,
        nonce,
        baseFee,
        busy,
        eth: key.type === 3,
        parentHeight,
      };
      const message = chosen(random, plan);
      offered.push(offer(sender, signMessage(message, key, { ethChainId })));
    }
  }
  return offered;
}

/** The tipset that messages wait on. */
export interface WaitingOn {
  readonly height: number;
  /** Next nonce of each sender after it. */
  readonly nonces: readonly bigint[];
  /** Unit: attoFIL per gas. */
  readonly baseFee: bigint;
}

/** What a message is made of. */
export interface MessagePlan {
  /** Index of its sender. */
  readonly sender: number;
  readonly from: Address;
  /** Another sender. */
  readonly to: Address;
  readonly nonce: bigint;
  readonly baseFee: bigint;
  /** Whether gas is in demand. */
  readonly busy: boolean;
  readonly eth: boolean;
  /** Height of the tipset it waits on. */
  readonly parentHeight: number;
}

/** Makes a message of a sender: the same for the same numbers and plan. */
export type ComposeMessage = (random: () => number, plan: MessagePlan) => Message;

function compose(random: () => number, { from, to, nonce, baseFee, busy, eth }: MessagePlan): Message {
  const gasPremium = BigInt(Math.floor(random() * 200_000)) as AttoFil;
  return {
    version: 0,
    to: eth ? ethRecipient(to, random) : to,
    from,
    nonce,
    value: (BigInt(Math.floor(random() * 1000)) * wholeFil) as AttoFil,
    gasLimit: BigInt(
      busy ? 3_000_000_000 + Math.floor(random() * 2_000_000_000) : 1_000_000 + Math.floor(random() * 20_000_000),
    ),
    gasFeeCap: (baseFee * 2n + gasPremium) as AttoFil,
    gasPremium,
    method: eth ? invokeContract : 0n,
    params: eth && random() < 0.5 ? Uint8Array.of(0x44, 0xa9, 0x05, 0x9c, 0xbb) : new Uint8Array(0),
  };
}

// A transaction of Ethereum names its recipient by 20 bytes: other accounts stand as eth addresses of their hash.
function ethRecipient(to: Address, random: () => number): Address {
  if (Address.protocol(to) === 4) return to;
  const bytes = Address.payload(to).slice(0, 20);
  bytes[19] = Math.floor(random() * 256);
  bytes[0] = (bytes[0] as number) | 1; // never a masked ID
  return Address.fromEth(bytes);
}

function offer(sender: number, signed: SignedMessage): OfferedMessage {
  const bytes = storedBytes(signed);
  const { from, nonce, gasLimit, gasFeeCap, gasPremium } = signed.message;
  const priced = { id: cidKey(cidOf(bytes)), from: latin1(from), nonce, gasLimit, gasFeeCap, gasPremium };
  return { sender, signed, bytes, priced };
}

/**
 * What one block takes of the offer: of each sender a run from its first nonce on, within the block's gas.
 */
export function takeMessages(
  random: () => number,
  offered: readonly OfferedMessage[],
  gasLimit: bigint,
): readonly OfferedMessage[] {
  const taken: OfferedMessage[] = [];
  const stopped = new Set<number>();
  let gas = 0n;
  for (const one of offered) {
    if (stopped.has(one.sender)) continue;
    gas += one.signed.message.gasLimit;
    if (gas <= gasLimit && random() < 0.8) {
      taken.push(one);
      continue;
    }
    gas -= one.signed.message.gasLimit;
    stopped.add(one.sender);
  }
  return taken;
}
