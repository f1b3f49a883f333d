import { fixed, free, gas, type PriceList } from "../price-table.ts";
import { interactive } from "./aggregates.ts";

/** Of each call of the node, in the prices below. @see FIP-0032 */
const extern = gas(21_000);
/** Bytes that are copied between actor and VM. @see FIP-0032 */
const copy = 500;
/** Bytes the chain keeps. */
const storage = gas(1_300);

/**
 * Prices of network versions 16 and 17: FIP-0032, which priced execution, system calls and memory, on those from before.
 *
 * @see ref-fvm release/v2:fvm/src/gas/price_list.rs SKYR_PRICES
 */
export const skyr: PriceList = {
  name: "skyr",

  // before FIP-0032
  message: { flat: gas(38_863) + 36 * storage, perUnit: storage },
  chainReturn: { flat: 0, perUnit: storage },
  returnLink: 0,
  invocation: {
    base: gas(29_233),
    value: gas(27_500),
    valueOnly: gas(159_672),
    method: gas(-5_377),
    perParamLink: 0,
  },
  valueTransfer: 0,
  syscall: gas(14_000), // FIP-0032

  // before FIP-0032: 36 + 40 bytes of state, given back with the actor
  createActor: gas(1_108_454) + 76 * storage,
  createAddress: 0,
  deleteActor: -76 * storage,
  actorLookup: 0,
  actorUpdate: 0,
  getRoot: 0,
  setRoot: 0,
  preloadedActors: [],

  // FIP-0032: extern, copies, and 10 a byte for memory that is kept
  blockOpenBase: gas(114_617) + extern,
  blockOpenName: "OnBlockOpenPerByte",
  block: { perByte: gas(10) + copy, perLink: 0, leastPerByte: 0 },
  blockRead: { flat: 0, perUnit: copy },
  blockLink: { flat: gas(353_640), perUnit: storage + 2 * copy },
  scanField: 0,
  scanLink: 0,
  hashing: new Map(),
  hashingAny: fixed(31_355),

  verifySignature: new Map([
    [1, fixed(1_637_292)],
    [2, fixed(16_598_605)],
  ]),
  blsPairing: 0,
  blsHashing: 0,
  recoverPublicKey: gas(1_637_292),
  unsealedCid: gas(98_647),
  verifySeal: gas(2_000),
  aggregateSeals: new Map(interactive), // FIP-0013
  replicaUpdate: gas(36_316_136), // FIP-0019
  post: { flat: gas(117_680_921), perUnit: gas(43_780) },
  consensusFault: gas(495_422) + extern,

  randomness: { flat: extern, perUnit: 0 },
  tipsetCid: { latest: 0, older: 0, perEpoch: 0 },
  eventValidate: free,
  eventAccept: free,
  event: { flat: 0, perEntry: 0, perKeyByte: 0, perValueByte: 0 },

  memoryByte: 0,
  tableElement: 0,
};
