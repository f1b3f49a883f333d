export {
  type BeaconKey,
  type BeaconRound,
  type BeaconScheme,
  beaconMessage,
  verifyBeacon,
} from "./beacon.ts";
export * as bls from "./bls.ts";
export { checkSignature } from "./check-one.ts";
export { type CheckOptions, checkSignatures } from "./check-signatures.ts";
export { currentEngine, type EngineNames, engineNames, nobleEngine, useEngine } from "./current-engine.ts";
export type {
  BlsCurve,
  CryptoEngine,
  EngineParts,
  G1Point,
  G2Point,
  PointGroup,
  Secp256k1Curve,
} from "./engine.ts";
export { CryptoError, type CryptoFacts } from "./errors.ts";
export { blake2b, blake2b32, blake2b160, blake2b256, isBlake2b256, keccak256, sha256 } from "./hashes.ts";
export { ripemd160 } from "./ripemd160.ts";
export { createBlake2b, createKeccak256, createSha256, type RunningHash } from "./running-hash.ts";
export * as secp256k1 from "./secp256k1.ts";
export type {
  BeaconCheck,
  BlsAggregateCheck,
  BlsCheck,
  Secp256k1Check,
  SignatureCheck,
} from "./signature-check.ts";
export { vrfProve, vrfVerify } from "./vrf.ts";
