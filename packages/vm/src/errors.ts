import { CopseError } from "@copse/primitives";

/** Facts of each code the VM throws. Addresses and CIDs are text. What becomes of a message on chain is no error: a receipt. */
export type VmFacts = {
  "vm/network-version-unsupported": { networkVersion: number; least: number; limit: number };
};

const say: { [C in keyof VmFacts]: (facts: VmFacts[C]) => string } = {
  "vm/network-version-unsupported": (f) =>
    `network version ${f.networkVersion}, those from ${f.least} to ${f.limit} are executed`,
};

/** Input that the VM cannot run at all: nothing is concluded about the chain, and there is no receipt. */
export class VmError<C extends keyof VmFacts = keyof VmFacts> extends CopseError<C, VmFacts[C]> {
  override readonly name = "VmError";
  constructor(code: C, facts: VmFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
