import { CopseError } from "@copse/primitives";

/** Facts of each code the certificate store throws. CIDs are text. */
export type F3StoreFacts = {
  /** A row is not what this package writes. `instance` is that of the certificate or power table looked for, if any. */
  "f3/store-corrupt": { row: string; instance: number | undefined; why: string };
  "f3/store-version-unknown": { version: number; known: number };
  /** The store holds certificates of another network, or from another trust root. */
  "f3/store-other-root": { field: string; stored: string; given: string };
  /** Bytes of a network's name, or its committee lookback. */
  "f3/store-root-too-large": { field: string; value: number; limit: number };
  "f3/store-empty": { network: string };
  "f3/store-instance-absent": { instance: number; first: number; next: number };
  /** A certificate decides otherwise than the one that is stored for its instance. */
  "f3/store-conflict": { instance: number };
  /** Another writer changed the rows under this store. */
  "f3/store-changed": { network: string };
  /** A verifier's answer does not fit what it was asked. */
  "f3/store-check-malformed": { instance: number; why: string };
  "f3/store-import-running": { network: string };
  "f3/store-imports-many": { limit: number };
};

const say: { [Code in keyof F3StoreFacts]: (facts: F3StoreFacts[Code]) => string } = {
  "f3/store-corrupt": (f) => `row ${f.row} of the certificate store is damaged: ${f.why}`,
  "f3/store-version-unknown": (f) => `the certificate store is of version ${f.version}, known is ${f.known}`,
  "f3/store-other-root": (f) => `the certificate store has ${f.field} ${f.stored}, not ${f.given}`,
  "f3/store-root-too-large": (f) => `${f.field} ${f.value}, limit ${f.limit}`,
  "f3/store-empty": (f) => `the certificate store of ${f.network} holds no certificate`,
  "f3/store-instance-absent": (f) =>
    `instance ${f.instance} is not in the certificate store, which goes from ${f.first} to before ${f.next}`,
  "f3/store-conflict": (f) =>
    `the certificate of instance ${f.instance} decides otherwise than the one in the certificate store`,
  "f3/store-changed": (f) => `another writer changed the certificate store of ${f.network}: open it again`,
  "f3/store-check-malformed": (f) => `the verifier's answer for instance ${f.instance} is malformed: ${f.why}`,
  "f3/store-import-running": (f) => `an import into the certificate store of ${f.network} is under way`,
  "f3/store-imports-many": (f) => `the certificate store was put together from ${f.limit} imports, the most it takes`,
};

/**
 * What is wrong with a certificate store, or with how it is used. Trouble of the key-value store below passes through.
 *
 * @example
 * try { await openCertificateStore(kv, root); } catch (error) { (error as F3StoreError).code; } // => "f3/store-other-root"
 */
export class F3StoreError<Code extends keyof F3StoreFacts = keyof F3StoreFacts> extends CopseError<
  Code,
  F3StoreFacts[Code]
> {
  override readonly name = "F3StoreError";

  constructor(code: Code, facts: F3StoreFacts[Code], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
