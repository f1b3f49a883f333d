import { type Cost, gas, type PriceList } from "../price-table.ts";
import { interactive } from "./aggregates.ts";
import { skyr } from "./skyr.ts";

// building blocks of FIP-0057, per byte
const copy = 400;
const allocate = gas(2);
/** The least a byte costs that stays in memory until the end of the message. */
const retain = gas(10);
/** BLAKE2b-256. */
const digest = gas(10);
const storage = gas(1_300);

/** An actor's entry of the state tree is looked up, written, made. */
const lookup = gas(500_000);
const update = gas(475_000);
const create = gas(650_000);

/** Bytes of an event that its stamp adds. */
const eventStamp = 12;
const eventCopies = 3 * copy + 2 * allocate + digest;

/** So much gas a byte. */
const perByte = (amount: number): Cost => ({ flat: 0, perUnit: gas(amount) });

/**
 * Prices of network versions 18 to 20: FIP-0057 where nothing else is said.
 *
 * @see ref-fvm release/v3:fvm/src/gas/price_list.rs HYGGE_PRICES
 */
export const hygge: PriceList = {
  name: "hygge",

  message: { flat: gas(38_863) + update + 36 * storage, perUnit: storage },
  chainReturn: { flat: 0, perUnit: storage },
  returnLink: 0,
  invocation: { base: 0, value: 0, valueOnly: 0, method: gas(75_000), perParamLink: 0 },
  valueTransfer: gas(6_000),
  syscall: gas(14_000), // FIP-0032

  createActor: create,
  createAddress: gas(1_000_000) + gas(1_050_000), // assigned, and looked up
  deleteActor: 0,
  actorLookup: lookup,
  actorUpdate: update,
  getRoot: 0,
  setRoot: 0,
  preloadedActors: [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 10n, 99n], // FIP-0055

  blockOpenBase: gas(187_440),
  blockOpenName: "OnBlockOpenPerByte",
  block: { perByte: copy + allocate, perLink: 0, leastPerByte: retain },
  blockRead: { flat: 0, perUnit: copy },
  blockLink: { flat: gas(172_000) + gas(334_000), perUnit: copy + allocate + digest + gas(3_340) }, // flush, storage
  scanField: 0,
  scanLink: 0,
  hashing: new Map([
    [0x12, perByte(7)], // SHA2-256
    [0xb220, perByte(10)], // BLAKE2b-256
    [0xb240, perByte(10)], // BLAKE2b-512
    [0x1b, perByte(33)], // Keccak-256
    [0x1053, perByte(35)], // RIPEMD-160
  ]),
  hashingAny: undefined,

  verifySignature: new Map([
    [1, { flat: gas(1_637_292), perUnit: gas(10) }],
    [2, { flat: gas(16_598_605), perUnit: gas(26) }],
  ]),
  blsPairing: 0,
  blsHashing: 0,
  recoverPublicKey: gas(1_637_292),
  unsealedCid: skyr.unsealedCid,
  verifySeal: skyr.verifySeal,
  aggregateSeals: new Map(interactive), // FIP-0013
  replicaUpdate: skyr.replicaUpdate, // FIP-0019
  post: skyr.post,
  consensusFault: skyr.consensusFault,

  randomness: { flat: gas(21_000) + 48 * digest, perUnit: digest }, // tag, digest and round are 48 bytes
  tipsetCid: { latest: gas(50_000), older: gas(215_000), perEpoch: 0 },
  // FIP-0049
  eventValidate: { flat: gas(1_750), perUnit: copy + allocate + gas(25) },
  eventAccept: { flat: eventStamp * eventCopies, perUnit: eventCopies },
  event: { flat: 0, perEntry: 0, perKeyByte: 0, perValueByte: 0 },

  memoryByte: copy,
  tableElement: 8 * copy, // 8 bytes each
};
