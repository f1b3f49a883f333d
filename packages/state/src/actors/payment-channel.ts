import { type Amt, loadAmt } from "@copse/amt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import type { Address, AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import { stateOfKind } from "../actor-of-kind.ts";
import { addressField, amountField, cidField, intField, uintField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";

/** State of a payment channel. */
export interface PaymentChannelState {
  /** ID address of who pays. */
  readonly from: Address;
  /** ID address of who is paid. */
  readonly to: Address;
  /** Redeemed so far, over all lanes. */
  readonly toSend: AttoFil;
  /** When it may be collected; 0: nobody settles it. */
  readonly settlingAt: bigint;
  /** No earlier than this, as vouchers ask. Whatever a signer chose. */
  readonly minSettleHeight: bigint;
  /** AMT of lanes by number. */
  readonly lanes: CID;
}

/** A series of vouchers. */
export interface PaymentLane {
  readonly redeemed: AttoFil;
  /** That of the last voucher. */
  readonly nonce: bigint;
}

/** How a payment channel holds its state. Shape: the fields in their order. */
export const paymentChannelStateCodec: Codec<PaymentChannelState> = struct<PaymentChannelState>(
  "payment channel actor's state",
  {
    from: addressField,
    to: addressField,
    toSend: amountField,
    settlingAt: intField,
    minSettleHeight: intField,
    lanes: cidField,
  },
);

/** How a payment channel holds lanes. Shape: `[redeemed, nonce]`. */
export const paymentLaneCodec: Codec<PaymentLane> = struct<PaymentLane>("payment channel lane", {
  redeemed: amountField,
  nonce: uintField,
});

/**
 * State of a payment channel.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/actors-too-old`, `state/layout-unknown`
 * @see builtin-actors:actors/paych/src/state.rs
 * @example
 * const { toSend } = runSync(paymentChannelState(tree, channel), store);
 */
export function paymentChannelState(tree: StateTree, channel: Address): Fetching<PaymentChannelState> {
  return stateOfKind(tree, channel, "paymentchannel", paymentChannelStateCodec);
}

/**
 * The lanes of a payment channel, by number.
 *
 * @throws {AmtError} its node is none
 * @example
 * const redeemed = runSync(paymentLanes(state), store).getSync(0, store)?.redeemed;
 */
export function paymentLanes(state: PaymentChannelState): Fetching<Amt<PaymentLane>> {
  return loadAmt(fromCid(state.lanes), paymentLaneCodec, { version: 3 });
}
