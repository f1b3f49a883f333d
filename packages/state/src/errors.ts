import { CopseError } from "@copse/primitives";

/** Facts of each code the functions on state throw. Addresses and CIDs are text. */
export type StateFacts = {
  "state/version-unknown": { version: number; limit: number };
  "state/layout-unknown": { what: string; fields: number; expected: string };
  "state/actor-missing": { address: string };
  "state/actors-too-old": { version: number; least: number };
  "state/actor-kind": { address: string; found: string; expected: string };
  "state/proof-unknown": { sectorSize: number };
  "state/id-taken": { id: bigint };
  "state/no-key": { address: string };
  "state/version-unsupported": { version: number; expected: string };
  "state/delegated-address": { id: bigint; version: number };
  "state/transaction-open": { depth: number };
  "state/transaction-absent": Record<never, never>;
  "state/path-malformed": { path: string; why: string };
  "state/path-unknown": { segment: string; expected: string };
};

const say: { [C in keyof StateFacts]: (facts: StateFacts[C]) => string } = {
  "state/version-unknown": (f) => `state tree version ${f.version}, the newest known is ${f.limit}`,
  "state/layout-unknown": (f) => `${f.what} of ${f.fields} fields, expected ${f.expected}`,
  "state/actor-missing": (f) => `no actor ${f.address} in this state`,
  "state/actors-too-old": (f) => `state of actors v${f.version}, which is read in full since v${f.least} only`,
  "state/actor-kind": (f) => `actor ${f.address} is of kind ${f.found}, expected ${f.expected}`,
  "state/proof-unknown": (f) => `no proof type for sectors of ${f.sectorSize} B`,
  "state/no-key": (f) => `${f.address} has no key: an f1, f3 or f4 address has`,
  "state/version-unsupported": (f) => `state tree version ${f.version} is not one that can be changed: ${f.expected}`,
  "state/delegated-address": (f) =>
    `actor f0${f.id} has a delegated address, for which version ${f.version} has no field`,
  "state/transaction-open": (f) => `${f.depth} transactions are open: end them before the flush`,
  "state/transaction-absent": () => "no transaction is open that could end",
  "state/path-malformed": (f) => `"${f.path}" is no path into state: ${f.why}`,
  "state/path-unknown": (f) => `"${f.segment}" leads nowhere here: expected ${f.expected}`,
  "state/id-taken": (f) => `two actors are to have ID ${f.id}`,
};

/** State that is not as the question needs it. */
export class StateError<C extends keyof StateFacts = keyof StateFacts> extends CopseError<C, StateFacts[C]> {
  override readonly name = "StateError";
  constructor(code: C, facts: StateFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
