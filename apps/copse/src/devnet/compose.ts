import type { ComposeMessage, MessagePlan } from "@copse/chain/mint";
import { blake2b256 } from "@copse/crypto";
import { CborWriter, type CidBytes } from "@copse/ipld";
import { concatBytes, uint64BE } from "@copse/primitives";
import { Address, AttoFil, type Message } from "@copse/types";
import { addressManager, createExternal, invokeContract } from "@copse/types/eth";
import { contractAddress, counterInitCode, revertByte } from "./counter-contract.ts";

/** Code of the actors that messages make. */
export interface MadeKinds {
  readonly multisig: CidBytes;
  readonly paymentChannel: CidBytes;
}

type Fields = Pick<Message, "to" | "method" | "params"> & { readonly value?: bigint; readonly gasLimit: bigint };

const init = Address.id(1);
const market = Address.id(5);
const fil = 10n ** 18n;
const enough = 200_000_000n;
const nothing = new Uint8Array(0);

/**
 * Messages of every kind: a sender's first makes a multisig wallet and its second a payment channel (an account of
 * Ethereum makes a contract); later ones transfer, call what was made, and fail in every way a message can.
 *
 * What is made has addresses that follow from sender and nonce: nothing has to be remembered.
 */
export function composer(kinds: MadeKinds): ComposeMessage {
  return (random, plan) => {
    const {
      to,
      method,
      params,
      value = 0n,
      gasLimit,
    } = plan.eth
      ? ofEthereum(random, plan)
      : plan.nonce === 0n
        ? makeMultisig(plan, kinds)
        : plan.nonce === 1n
          ? makeChannel(plan, kinds)
          : (choices[Math.floor(random() * choices.length)] as Choice)(random, plan);
    const gasPremium = BigInt(Math.floor(random() * 200_000)) as AttoFil;
    return {
      version: 0,
      from: plan.from,
      to,
      nonce: plan.nonce,
      value: value as AttoFil,
      // now and then gas is in demand, so that the base fee moves both ways
      gasLimit: plan.busy && random() < 0.5 ? 3_000_000_000n : gasLimit,
      gasFeeCap: (plan.baseFee * 2n + gasPremium) as AttoFil,
      gasPremium,
      method,
      params,
    };
  };
}

type Choice = (random: () => number, plan: MessagePlan) => Fields;

const amount = (random: () => number): bigint => BigInt(Math.floor(random() * 1000)) * fil;

const choices: readonly Choice[] = [
  (random, { to }) => ({ to, method: 0n, params: nothing, value: amount(random), gasLimit: enough }),
  (random, { from }) => ({ to: from, method: 0n, params: nothing, value: amount(random), gasLimit: enough }),
  // to an account that is made by it
  (random) => ({ to: freshAccount(random), method: 0n, params: nothing, value: fil, gasLimit: enough }),
  // the sender's own wallet pays another
  (random, { from, to }) => ({
    to: madeBy(from, 0n),
    method: 2n,
    params: proposal(to, amount(random) / 100n),
    value: amount(random) / 10n,
    gasLimit: enough,
  }),
  // another's wallet: forbidden
  (random, { to }) => ({ to: madeBy(to, 0n), method: 2n, params: proposal(to, amount(random)), gasLimit: enough }),
  (random, { from }) => ({
    to: market,
    method: 2n,
    params: new CborWriter().bytes(from).finish(),
    value: amount(random),
    gasLimit: enough,
  }),
  (random, { from }) => ({
    to: market,
    method: 3n,
    params: new CborWriter()
      .array(2)
      .bytes(from)
      .bytes(AttoFil.encodeBigInt(amount(random) / 3n))
      .finish(),
    gasLimit: enough,
  }),
  // settles the sender's channel, again and again
  (_, { from }) => ({ to: madeBy(from, 1n), method: 3n, params: nothing, gasLimit: enough }),
  (_, { from }) => ({ to: madeBy(from, 1n), method: 4n, params: nothing, gasLimit: enough }),
  // more than the sender has
  (_, { to }) => ({ to, method: 0n, params: nothing, value: 10n ** 27n, gasLimit: enough }),
  // nobody
  (random) => ({
    to: Address.id(10_000_000 + Math.floor(random() * 1000)),
    method: 0n,
    params: nothing,
    gasLimit: enough,
  }),
  // no such method, and parameters that are none
  (_, { to }) => ({ to, method: 77n, params: nothing, gasLimit: enough }),
  (_, { from }) => ({ to: madeBy(from, 0n), method: 2n, params: Uint8Array.of(0x83, 1, 2), gasLimit: enough }),
  // gas that runs out somewhere
  (random, { from, to }) => ({
    to: madeBy(from, 0n),
    method: 2n,
    params: proposal(to, 1n),
    gasLimit: 1_500_000n + BigInt(Math.floor(random() * 12_000_000)),
  }),
];

function ofEthereum(random: () => number, { from, to, nonce }: MessagePlan): Fields {
  if (nonce === 0n) {
    const params = new CborWriter().bytes(counterInitCode).finish();
    return { to: addressManager, method: createExternal, params, gasLimit: 400_000_000n };
  }
  const contract = contractAddress(from, 0n);
  const chosen = random();
  const call = { to: contract, method: invokeContract, gasLimit: enough };
  if (chosen < 0.5) return { ...call, params: new CborWriter().bytes(Uint8Array.of(1)).finish() };
  if (chosen < 0.6) return { ...call, params: new CborWriter().bytes(Uint8Array.of(revertByte)).finish() };
  if (chosen < 0.7)
    return { ...call, params: nothing, gasLimit: 2_000_000n + BigInt(Math.floor(random() * 9_000_000)) };
  if (chosen < 0.8) return { ...call, params: nothing, value: amount(random) / 100n };
  // a transfer: to another account as Ethereum names it, or to one that is not there yet
  const recipient = Address.protocol(to) === 4 ? to : Address.fromEth(hashOf(random).subarray(0, 20));
  return { to: recipient, method: invokeContract, params: nothing, value: amount(random), gasLimit: enough };
}

function makeMultisig({ from, to }: MessagePlan, { multisig }: MadeKinds): Fields {
  const params = new CborWriter().array(4).array(2).bytes(from).bytes(to).uint(1).int(0).int(0).finish();
  return { to: init, method: 2n, params: exec(multisig, params), value: 100n * fil, gasLimit: enough };
}

function makeChannel({ from, to }: MessagePlan, { paymentChannel }: MadeKinds): Fields {
  const params = new CborWriter().array(2).bytes(from).bytes(to).finish();
  return { to: init, method: 2n, params: exec(paymentChannel, params), value: 10n * fil, gasLimit: enough };
}

function exec(code: CidBytes, params: Uint8Array): Uint8Array {
  return new CborWriter().array(2).link(code).bytes(params).finish();
}

function proposal(to: Address, value: bigint): Uint8Array {
  return new CborWriter().array(4).bytes(to).bytes(AttoFil.encodeBigInt(value)).uint(0).bytes(nothing).finish();
}

/**
 * Robust address of the first actor that an account's message of a nonce makes.
 *
 * @see ref-fvm:fvm/src/call_manager/default.rs next_actor_address
 */
export function madeBy(sender: Address, nonce: bigint): Address {
  return Address.actor(concatBytes(new CborWriter().bytes(sender).finish(), uint64BE(nonce), uint64BE(0n)));
}

function freshAccount(random: () => number): Address {
  const hash = hashOf(random);
  return Address.view(concatBytes(Uint8Array.of(1), hash.subarray(0, 20)));
}

function hashOf(random: () => number): Uint8Array {
  return blake2b256(uint64BE(Math.floor(random() * 2 ** 48)));
}
