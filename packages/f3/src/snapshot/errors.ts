import { CopseError } from "@copse/primitives";

/**
 * Facts of each code that reading or writing a snapshot throws. `offset` counts bytes of the F3 stream; `instance` is that of
 * the certificate that is, or should be, there: `undefined` within the header. CIDs are text.
 */
export type F3SnapshotFacts = {
  "f3/snapshot-cut": { instance: number | undefined; offset: number; needed: number; found: number };
  "f3/snapshot-length-malformed": { instance: number | undefined; offset: number; why: string };
  "f3/snapshot-too-long": { instance: number | undefined; offset: number; length: bigint; limit: number };
  "f3/snapshot-header-malformed": { why: string };
  "f3/snapshot-version-unknown": { version: bigint; known: number };
  "f3/snapshot-range-malformed": { first: number; latest: number };
  "f3/snapshot-certificate-malformed": { instance: number; offset: number; why: string };
  /** Another certificate than the next one. */
  "f3/snapshot-gap": { instance: number; found: number; offset: number };
  /** It ends before the certificate that its header calls the latest. */
  "f3/snapshot-incomplete": { instance: number; latest: number; offset: number };
  /** It goes on after the certificate that its header calls the latest. */
  "f3/snapshot-trailing": { instance: number; latest: number; offset: number };
  /** It does not begin with the network's first instance. */
  "f3/snapshot-other-start": { instance: number; expected: number; network: string };
  /** Its initial power table is not the one to be trusted. */
  "f3/snapshot-other-table": { instance: number; expected: string; found: string; network: string };
  /** Nobody but the snapshot itself says which initial power table to trust. */
  "f3/snapshot-table-untrusted": { instance: number; found: string; network: string };
  /** The store holds another decision for that instance. */
  "f3/snapshot-conflict": { instance: number };
  "f3/snapshot-other-cid": { expected: string; found: string };
  "f3/snapshot-read-again": { what: string };
};

const say: { [Code in keyof F3SnapshotFacts]: (facts: F3SnapshotFacts[Code]) => string } = {
  "f3/snapshot-cut": (f) =>
    `${part(f)} ends at byte ${f.offset + f.found}: ${f.needed} B were told, ${f.found} are there`,
  "f3/snapshot-length-malformed": (f) => `${part(f)} at byte ${f.offset} has no readable length: ${f.why}`,
  "f3/snapshot-too-long": (f) => `${part(f)} at byte ${f.offset} claims ${f.length} B, limit ${f.limit} B`,
  "f3/snapshot-header-malformed": (f) => `the header of the F3 snapshot is malformed: ${f.why}`,
  "f3/snapshot-version-unknown": (f) => `the F3 snapshot is of version ${f.version}, known is ${f.known}`,
  "f3/snapshot-range-malformed": (f) => `the F3 snapshot claims instances ${f.first} to ${f.latest}`,
  "f3/snapshot-certificate-malformed": (f) => `${part(f)} at byte ${f.offset} is malformed: ${f.why}`,
  "f3/snapshot-gap": (f) => `${part(f)} is missing: the one at byte ${f.offset} is of instance ${f.found}`,
  "f3/snapshot-incomplete": (f) =>
    `${part(f)} is missing: the F3 snapshot ends at byte ${f.offset}, its header says ${f.latest} is the latest`,
  "f3/snapshot-trailing": (f) =>
    `something follows at byte ${f.offset}, in the place of instance ${f.instance}: the header says ${f.latest} is the latest`,
  "f3/snapshot-other-start": (f) =>
    `the F3 snapshot starts with instance ${f.instance}, ${f.network} with ${f.expected}`,
  "f3/snapshot-other-table": (f) =>
    `the F3 snapshot starts with power table ${f.found}, ${f.network} at instance ${f.instance} with ${f.expected}`,
  "f3/snapshot-table-untrusted": (f) =>
    `nothing but the F3 snapshot itself says that ${f.network} starts with power table ${f.found}`,
  "f3/snapshot-conflict": (f) => `${part(f)} decides otherwise than the one in the store`,
  "f3/snapshot-other-cid": (f) => `the F3 snapshot has CID ${f.found}, told was ${f.expected}`,
  "f3/snapshot-read-again": (f) => `${f.what} can be read only once`,
};

function part({ instance }: { instance?: number | undefined }): string {
  return instance === undefined ? "the header" : `the certificate of instance ${instance}`;
}

/**
 * What is wrong with an F3 snapshot as a whole. A certificate that does not hold is told of by an `F3Error`.
 *
 * @example
 * try { await readF3Snapshot([Uint8Array.of(5)]); } catch (error) { (error as F3SnapshotError).code; } // => "f3/snapshot-cut"
 */
export class F3SnapshotError<Code extends keyof F3SnapshotFacts = keyof F3SnapshotFacts> extends CopseError<
  Code,
  F3SnapshotFacts[Code]
> {
  override readonly name = "F3SnapshotError";

  constructor(code: Code, facts: F3SnapshotFacts[Code], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
