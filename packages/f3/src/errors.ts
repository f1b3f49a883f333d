import { CopseError } from "@copse/primitives";

/**
 * Facts of each code this package throws. `instance` is the instance a certificate was looked at for; it is `undefined`
 * where a function was called with no certificate in view. CIDs are text.
 */
export type F3Facts = {
  /** A value that no decoder would read. */
  "f3/too-long": { what: string; length: number; limit: number };
  /** `instance` is there where a certificate is verified. */
  "f3/length-wrong": { instance?: number; what: string; length: number; expected: number };
  /** Bytes of a number that are not its one form. */
  "f3/number-malformed": { what: string; why: string };

  "f3/instance-wrong": { instance: number; found: number };
  "f3/chain-empty": { instance: number };
  "f3/chain-too-long": { instance: number; length: number; limit: number };
  /** `tipset` counts from 0, which is the base. */
  "f3/epoch-not-increasing": { instance: number; tipset: number; epoch: number; previous: number };
  "f3/tipset-key-malformed": { instance: number; tipset: number; length: number; why: string };
  "f3/cid-unsupported": { instance: number; where: string; cid: string };
  "f3/base-mismatch": { instance: number; field: string; expectedEpoch: number; foundEpoch: number };
  "f3/signers-malformed": { instance: number | undefined; why: string };
  "f3/signer-unknown": { instance: number | undefined; signer: number; members: number };
  "f3/signer-powerless": { instance: number | undefined; signer: number; id: bigint };
  "f3/quorum-missed": { instance: number | undefined; power: number; needed: number; total: number };
  "f3/key-malformed": { instance: number | undefined; member: number; id: bigint; length: number };
  "f3/signature-malformed": { instance: number; length: number };
  "f3/signature-wrong": { instance: number; signers: number };

  /** `delta` is the place in the list. */
  "f3/delta-out-of-order": { instance: number | undefined; delta: number; id: bigint; previous: bigint };
  "f3/delta-empty": { instance: number | undefined; delta: number; id: bigint };
  "f3/delta-key-unchanged": { instance: number | undefined; delta: number; id: bigint };
  "f3/delta-key-without-power": { instance: number | undefined; delta: number; id: bigint };
  "f3/delta-power-not-positive": { instance: number | undefined; delta: number; id: bigint; power: bigint };
  "f3/delta-key-missing": { instance: number | undefined; delta: number; id: bigint };
  "f3/delta-power-negative": { instance: number | undefined; delta: number; id: bigint; power: bigint };
  "f3/delta-power-too-large": { instance: number | undefined; delta: number; id: bigint; limit: number };
  "f3/power-table-mismatch": { instance: number; expected: string; found: string };
  /** The table differs from the one that the head of certificate `from` names. */
  "f3/lookback-mismatch": { instance: number; from: number; expected: string; found: string };

  "f3/power-not-positive": { id: bigint; power: bigint };
  "f3/participant-twice": { id: bigint };
  "f3/power-table-too-long": { instance: number | undefined; length: number; limit: number };
  "f3/power-table-empty": { instance: number | undefined };
  /** A private key that is not that of the member it should sign for. */
  "f3/signer-key-wrong": { signer: number; id: bigint };
  "f3/trust-root-mismatch": { network: string; expected: string; found: string };
  "f3/manifest-malformed": { field: string; why: string };
  "f3/proof-malformed": { why: string };
  "f3/pool-closed": Record<string, never>;
};

const say: { [Code in keyof F3Facts]: (facts: F3Facts[Code]) => string } = {
  "f3/too-long": (f) => `${f.what}: ${f.length}, limit ${f.limit}`,
  "f3/length-wrong": (f) => `${at({ instance: f.instance })}${f.what}: ${f.length} B, expected ${f.expected} B`,
  "f3/number-malformed": (f) => `${f.what}: ${f.why}`,

  "f3/instance-wrong": (f) => `expected the certificate of instance ${f.instance}, found instance ${f.found}`,
  "f3/chain-empty": (f) => `${certificate(f)} finalizes no chain`,
  "f3/chain-too-long": (f) => `${certificate(f)}: chain of ${f.length} tipsets, limit ${f.limit}`,
  "f3/epoch-not-increasing": (f) =>
    `${certificate(f)}: tipset ${f.tipset} is of epoch ${f.epoch}, the one before it of ${f.previous}`,
  "f3/tipset-key-malformed": (f) => `${certificate(f)}: key of tipset ${f.tipset}, ${f.length} B: ${f.why}`,
  "f3/cid-unsupported": (f) => `${certificate(f)}: ${f.where} ${f.cid} is not a dag-cbor blake2b-256 CID`,
  "f3/base-mismatch": (f) =>
    `${certificate(f)} builds on another tipset than was finalized: ${f.field} differs (epoch ${f.foundEpoch}, finalized ${f.expectedEpoch})`,
  "f3/signers-malformed": (f) => `${certificate(f)}: signers are no RLE+ bit field: ${f.why}`,
  "f3/signer-unknown": (f) => `${certificate(f)}: signer ${f.signer} of a table of ${f.members}`,
  "f3/signer-powerless": (f) => `${certificate(f)}: signer ${f.signer} (f0${f.id}) has no power after scaling`,
  "f3/quorum-missed": (f) => `${certificate(f)}: signers have ${f.power} of ${f.total}, ${f.needed} are needed`,
  "f3/key-malformed": (f) =>
    `${certificate(f)}: key of member ${f.member} (f0${f.id}), ${f.length} B, is no usable point of G1`,
  "f3/signature-malformed": (f) => `${certificate(f)}: signature of ${f.length} B is no point of G2`,
  "f3/signature-wrong": (f) => `${certificate(f)}: the signature is not that of its ${f.signers} signers`,

  "f3/delta-out-of-order": (f) => `${delta(f)} comes after f0${f.previous}`,
  "f3/delta-empty": (f) => `${delta(f)} changes nothing`,
  "f3/delta-key-unchanged": (f) => `${delta(f)} names the key it has already`,
  "f3/delta-key-without-power": (f) => `${delta(f)} takes all power and names a new key`,
  "f3/delta-power-not-positive": (f) => `${delta(f)} adds a member with power ${f.power}`,
  "f3/delta-key-missing": (f) => `${delta(f)} adds a member without a key`,
  "f3/delta-power-negative": (f) => `${delta(f)} leaves a power of ${f.power}`,
  "f3/delta-power-too-large": (f) => `${delta(f)} leaves a power of more than ${f.limit} B`,
  "f3/power-table-mismatch": (f) => `${certificate(f)} signs power table ${f.expected}, its changes give ${f.found}`,
  "f3/lookback-mismatch": (f) =>
    `${certificate(f)} signs power table ${f.found}, ${f.from < 0 ? "the first instances have" : `the head of certificate ${f.from} names`} ${f.expected}`,

  "f3/power-not-positive": (f) => `member f0${f.id} has power ${f.power}`,
  "f3/participant-twice": (f) => `member f0${f.id} is in the power table twice`,
  "f3/power-table-too-long": (f) => `${at(f)}power table of ${f.length} members, limit ${f.limit}`,
  "f3/power-table-empty": (f) => `${at(f)}power table without members`,
  "f3/signer-key-wrong": (f) => `the private key of signer ${f.signer} is not that of f0${f.id}`,
  "f3/trust-root-mismatch": (f) => `${f.network} starts with power table ${f.expected}, given was ${f.found}`,
  "f3/manifest-malformed": (f) => `manifest: ${f.field}: ${f.why}`,
  "f3/pool-closed": () => "the pool is closed",
  "f3/proof-malformed": (f) => `proof of a tipset: ${f.why}`,
};

function at({ instance }: { instance: number | undefined }): string {
  return instance === undefined ? "" : `instance ${instance}: `;
}

function certificate({ instance }: { instance: number | undefined }): string {
  return instance === undefined ? "a certificate" : `certificate of instance ${instance}`;
}

function delta(f: { instance: number | undefined; delta: number; id: bigint }): string {
  return `${at(f)}change ${f.delta} of the power table (f0${f.id})`;
}

/**
 * What is wrong with a certificate, power table or manifest. Bytes that are not canonical CBOR throw the `CborError` of
 * `@copse/ipld`.
 *
 * @example
 * try { createPowerTable([]); } catch (error) { (error as F3Error).code; } // => "f3/power-table-empty"
 */
export class F3Error<Code extends keyof F3Facts = keyof F3Facts> extends CopseError<Code, F3Facts[Code]> {
  override readonly name = "F3Error";

  constructor(code: Code, facts: F3Facts[Code], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
