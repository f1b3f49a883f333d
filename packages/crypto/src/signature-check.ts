import type { BeaconScheme } from "./beacon.ts";

/** One BLS signature by one key. */
export interface BlsCheck {
  readonly kind: "bls";
  /** 48 B. */
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  /** 96 B. */
  readonly signature: Uint8Array;
}

/** The sum of BLS signatures, one by each key over the message beside it. */
export interface BlsAggregateCheck {
  readonly kind: "bls-aggregate";
  readonly publicKeys: readonly Uint8Array[];
  readonly messages: readonly Uint8Array[];
  readonly signature: Uint8Array;
}

/** A recoverable secp256k1 signature; without address hash and key, that it recovers at all. */
export interface Secp256k1Check {
  readonly kind: "secp256k1";
  /** 32 B. */
  readonly digest: Uint8Array;
  /** 65 B, r ‖ s ‖ v. */
  readonly signature: Uint8Array;
  /** blake2b-160 of the public key: the payload of an f1 address. */
  readonly addressHash20?: Uint8Array | undefined;
  /** 65 B, uncompressed. */
  readonly publicKey?: Uint8Array | undefined;
}

/** One round of drand. */
export interface BeaconCheck {
  readonly kind: "beacon";
  readonly scheme: BeaconScheme;
  readonly publicKey: Uint8Array;
  readonly round: number;
  readonly signature: Uint8Array;
  /** The signature of the round before, where chained. */
  readonly previous?: Uint8Array | undefined;
}

/** A signature to check, as plain data: it may travel to a worker. */
export type SignatureCheck = BlsCheck | BlsAggregateCheck | Secp256k1Check | BeaconCheck;
