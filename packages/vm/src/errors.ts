import { CopseError } from "@copse/primitives";

/** Facts of each code the VM throws. Addresses and CIDs are text. What becomes of a message on chain is no error: a receipt. */
export type VmFacts = {
  "vm/network-version-unsupported": { networkVersion: number; least: number; limit: number };
  /** A CAR that is no bundle of actors. `file` is its name in an archive, or what the caller called it. */
  "vm/bundle-malformed": { file: string; why: string };
  "vm/bundle-too-long": { file: string; what: "B of file" | "B of archive" | "blocks" | "files"; limit: number };
  "vm/bundle-archive-malformed": { why: string };
  /** There is no bundle where one was looked for. */
  "vm/bundle-absent": { where: string; wanted: string };
  /** The bundle is another than the one published under that network and version. */
  "vm/bundle-mismatch": { file: string; network: string; version: number; expected: string; found: string };
  /** Nobody has published a bundle with this root. */
  "vm/bundle-unknown": { file: string; root: string };
  "vm/vector-malformed": { field: string; why: string };
  "vm/vector-too-long": { field: string; limit: number };
  "vm/module-invalid": { offset: number; why: string };
  "vm/prepared-invalid": { why: string };
  "vm/trace-malformed": { line: number; why: string };
  /** No valid tipset has a reward or cron that fails. */
  "vm/implicit-message-failed": { what: "cron" | "reward"; epoch: number; exitCode: number };
  /** An upgrade changes the actors, and nothing was given that changes their state. */
  "vm/migration-absent": { epoch: number; networkVersion: number };
  "vm/genesis-failed": { to: string; method: bigint; exitCode: number };
  /** The machine was stopped by a fault: its state is half changed. */
  "vm/machine-stopped": Record<string, never>;
  /** A message that no block can hold. */
  "vm/message-invalid": { why: string };
  "vm/settlement-failed": { why: string };
  "vm/manifest-incomplete": { name: string };
  /** A state tree of another version than the machine's. */
  "vm/state-unfit": { version: number; fvm: number };
  "vm/flush-refused": { cid: string; why: string };
};

const say: { [C in keyof VmFacts]: (facts: VmFacts[C]) => string } = {
  "vm/network-version-unsupported": (f) =>
    `network version ${f.networkVersion}, those from ${f.least} to ${f.limit} are executed`,
  "vm/bundle-malformed": (f) => `${f.file} is no bundle of actors: ${f.why}`,
  "vm/bundle-too-long": (f) => `${f.file}: more than ${f.limit} ${f.what}`,
  "vm/bundle-archive-malformed": (f) => `not an archive of bundles: ${f.why}`,
  "vm/bundle-absent": (f) => `${f.where} has no bundle ${f.wanted}`,
  "vm/bundle-mismatch": (f) =>
    `${f.file}: root ${f.found}, but actors v${f.version} of ${f.network} have ${f.expected}`,
  "vm/bundle-unknown": (f) => `${f.file}: root ${f.root} is of no published bundle`,
  "vm/vector-malformed": (f) => `${f.field}: ${f.why}`,
  "vm/vector-too-long": (f) => `${f.field}: more than ${f.limit} B`,
  "vm/module-invalid": (f) => `actor code is not a module the reference loads: at byte ${f.offset}: ${f.why}`,
  "vm/prepared-invalid": (f) => `not a prepared module of this release: ${f.why}`,
  "vm/implicit-message-failed": (f) => `the ${f.what} message of epoch ${f.epoch} ended with exit code ${f.exitCode}`,
  "vm/migration-absent": (f) => `no migration to network version ${f.networkVersion} after epoch ${f.epoch}`,
  "vm/genesis-failed": (f) => `method ${f.method} of ${f.to} ended with exit code ${f.exitCode}`,
  "vm/trace-malformed": (f) => `line ${f.line} is no charge of a trace: ${f.why}`,
  "vm/machine-stopped": () => "the machine was stopped by a fault, and does nothing more",
  "vm/message-invalid": (f) => `not a message of any block: ${f.why}`,
  "vm/settlement-failed": (f) => `gas cannot be paid out: ${f.why}`,
  "vm/manifest-incomplete": (f) => `the built-in actors lack ${f.name}`,
  "vm/state-unfit": (f) => `a state tree of version ${f.version} is not for FVM ${f.fvm}`,
  "vm/flush-refused": (f) => `${f.cid} is reachable from the new state, but not to be kept: ${f.why}`,
};

/** Input that the VM cannot run at all: nothing is concluded about the chain, and there is no receipt. */
export class VmError<C extends keyof VmFacts = keyof VmFacts> extends CopseError<C, VmFacts[C]> {
  override readonly name = "VmError";
  constructor(code: C, facts: VmFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
