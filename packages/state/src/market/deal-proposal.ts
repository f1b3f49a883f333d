import type { Codec } from "@copse/ipld";
import type { Address, AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import {
  addressField,
  amountField,
  boolField,
  bytesField,
  cidField,
  intField,
  textField,
  uintField,
} from "../field-codecs.ts";
import { struct } from "../struct.ts";

/** What client and provider agreed on. */
export interface DealProposal {
  readonly pieceCid: CID;
  /** Unit: bytes, padding included. */
  readonly pieceSize: bigint;
  readonly verifiedDeal: boolean;
  /** ID address. */
  readonly client: Address;
  /** ID address of the miner. */
  readonly provider: Address;
  /** Whatever the client put there. Bound: 256 B. */
  readonly label: string | Uint8Array;
  /** When the data must be in a sector. Not before the epoch of publishing, but else as far away as one likes. */
  readonly startEpoch: bigint;
  readonly endEpoch: bigint;
  readonly storagePricePerEpoch: AttoFil;
  readonly providerCollateral: AttoFil;
  readonly clientCollateral: AttoFil;
}

/** A label. Shape: text, or bytes. */
const labelField: Codec<string | Uint8Array> = {
  encode(writer, label) {
    if (typeof label === "string") textField.encode(writer, label);
    else bytesField.encode(writer, label);
  },
  decode: (reader) => (reader.peekMajor() === 3 ? textField : bytesField).decode(reader),
};

/**
 * How the market holds proposals. Shape: the fields in their order.
 *
 * @see builtin-actors:actors/market/src/deal.rs DealProposal
 * @example
 * const proposal = decode(dealProposalCodec, bytes);
 */
export const dealProposalCodec: Codec<DealProposal> = struct<DealProposal>("deal proposal", {
  pieceCid: cidField,
  pieceSize: uintField,
  verifiedDeal: boolField,
  client: addressField,
  provider: addressField,
  label: labelField,
  startEpoch: intField,
  endEpoch: intField,
  storagePricePerEpoch: amountField,
  providerCollateral: amountField,
  clientCollateral: amountField,
});
