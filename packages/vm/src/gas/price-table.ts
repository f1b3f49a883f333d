/** A price that grows with a size. Unit: milligas, of each unit what the row says. */
export interface Cost {
  readonly flat: number;
  readonly perUnit: number;
}

/** Milligas of whole gas, so that tables read as the FIPs do. */
export const gas = (amount: number): number => amount * 1000;

/** A price that does not grow. */
export const fixed = (amount: number): Cost => ({ flat: gas(amount), perUnit: 0 });

/** A price of nothing. */
export const free: Cost = { flat: 0, perUnit: 0 };

/** What aggregates of one proof type cost: so much a proof, and the price of the last step that starts at or below. */
export interface AggregateCost {
  readonly perProof: number;
  /** `[first count, milligas]`, counts rising. */
  readonly steps: readonly (readonly [number, number])[];
}

/** Names of price lists, as the network upgrades that brought them. */
export type PriceListName = "skyr" | "hygge" | "watermelon" | "teep";

/**
 * Prices of a network version. Unit: milligas. A part that a generation does not have is 0. What is not a number alone
 * is computed by the functions of `prices.ts`.
 *
 * @see ref-fvm:fvm/src/gas/price_list.rs PriceList
 */
export interface PriceList {
  readonly name: PriceListName;

  /** OnChainMessage, per byte of the message on chain. */
  readonly message: Cost;
  /** OnChainReturnValue, per byte. */
  readonly chainReturn: Cost;
  /** OnReturnValue, per link. */
  readonly returnLink: number;
  /** OnMethodInvocation: of every send, of one with value, besides of one with value to method 0, of one to a method. */
  readonly invocation: {
    readonly base: number;
    readonly value: number;
    readonly valueOnly: number;
    readonly method: number;
    readonly perParamLink: number;
  };
  /** OnValueTransfer. */
  readonly valueTransfer: number;
  /** OnSyscall. */
  readonly syscall: number;

  /** OnCreateActor, and what comes on top when an address is assigned with it. */
  readonly createActor: number;
  readonly createAddress: number;
  /** OnDeleteActor. */
  readonly deleteActor: number;
  /** OnActorLookup. */
  readonly actorLookup: number;
  /** OnActorUpdate. */
  readonly actorUpdate: number;
  /** OnActorGetRoot. */
  readonly getRoot: number;
  /** OnActorSetRoot. */
  readonly setRoot: number;
  /** Actors that are looked up and updated for nothing. */
  readonly preloadedActors: readonly bigint[];

  /** OnBlockOpenBase. */
  readonly blockOpenBase: number;
  /** The name of the charge for a block's size when it is opened. */
  readonly blockOpenName: "OnBlockOpenPerByte" | "OnBlockOpen";
  /** Of a block that is opened or created: work a byte and a link, and the least a byte costs. */
  readonly block: { readonly perByte: number; readonly perLink: number; readonly leastPerByte: number };
  /** OnBlockRead, per byte. */
  readonly blockRead: Cost;
  /** OnBlockLink, per byte. */
  readonly blockLink: Cost;
  /** OnScanIpldLinks: of a head of CBOR, of a link. */
  readonly scanField: number;
  readonly scanLink: number;
  /** OnHashing, per byte, by the function's multihash code. */
  readonly hashing: ReadonlyMap<number, Cost>;
  /** OnHashing of whatever function, before it is looked at (FVM 2). */
  readonly hashingAny: Cost | undefined;

  /** OnVerifySignature, per byte of the plaintext, by the signature's type. */
  readonly verifySignature: ReadonlyMap<number, Cost>;
  /** OnVerifyBlsAggregateSignature: per pairing, of which there is one more than signers, and per byte of plaintexts. */
  readonly blsPairing: number;
  readonly blsHashing: number;
  /** OnRecoverSecpPublicKey. */
  readonly recoverPublicKey: number;
  /** OnComputeUnsealedSectorCid. */
  readonly unsealedCid: number;
  /** OnVerifySeal: one proof, alone or of a batch. */
  readonly verifySeal: number;
  /** OnVerifyAggregateSeals, by the type of the seals; a type without a row is billed as {@link aggregateFallback}. */
  readonly aggregateSeals: ReadonlyMap<number, AggregateCost>;
  /** OnVerifyReplicaUpdate. */
  readonly replicaUpdate: number;
  /** OnVerifyPost, per challenged sector; of any type of proof. */
  readonly post: Cost;
  /** OnVerifyConsensusFault. */
  readonly consensusFault: number;

  /** OnGetRandomness: per byte of entropy, in FVM 4 per epoch of lookback. */
  readonly randomness: Cost;
  /** OnTipsetCid: of the parent, of any before it, and per epoch of lookback. */
  readonly tipsetCid: { readonly latest: number; readonly older: number; readonly perEpoch: number };
  /** OnActorEventValidate and OnActorEventAccept, per byte of the event (FVM 3). */
  readonly eventValidate: Cost;
  readonly eventAccept: Cost;
  /** OnActorEvent: of each event, per entry, per byte of keys, per byte of values (FVM 4). */
  readonly event: {
    readonly flat: number;
    readonly perEntry: number;
    readonly perKeyByte: number;
    readonly perValueByte: number;
  };

  /** wasm_memory_init and wasm_memory_grow, per byte. */
  readonly memoryByte: number;
  /** wasm_table_init, per element. */
  readonly tableElement: number;
}

/** The seal type whose row bills types that have none: 32 GiB, V1P1. */
export const aggregateFallback = 8;
